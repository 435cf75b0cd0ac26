// Node's half of tests/e2e/browser.py: reads what to do from standard input, one JSON line a job, and answers with a JSON line each.
//
//   {"package", "cases", "wanted"}   raw bytes in and out of a model with one 8-bit input and output: how many outputs differ, with and without SIMD
//   {"package"}                      replays the package's golden vectors
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { argv, stdin } from "node:process";
import { pathToFileURL } from "node:url";

const { open } = await import(pathToFileURL(argv[2]));

async function differing(job, simd) {
  const model = await open(job.package, { simd });
  const cases = new Int8Array(await readFile(job.cases)), wanted = new Int8Array(await readFile(job.wanted));
  const [input] = model.inputs, [output] = model.outputs;
  let different = 0;
  for (let i = 0; i * input.bytes < cases.length; i++) {
    const got = model.run(cases.subarray(i * input.bytes, (i + 1) * input.bytes))[output.name];
    got.forEach((value, k) => (different += value !== wanted[i * output.bytes + k]));
  }
  return different;
}

for await (const line of createInterface({ input: stdin })) {
  const job = JSON.parse(line);
  const answer = job.cases ? { simd: await differing(job, true), portable: await differing(job, false) } : (await open(job.package)).selfTest();
  console.log(JSON.stringify(answer));
}
