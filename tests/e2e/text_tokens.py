"""Tokenizers against their makers: ids and texts of Hugging Face's tokenizers and of SentencePiece, trained here on the project's documents; and transcripts
of a model's scores."""
import glob
import io
import json
import os
import tempfile

from support import INSPECTION, ROOT, VERGE, need, run, verge

np, onnx, tokenizers, sentencepiece = need("numpy"), need("onnx"), need("tokenizers"), need("sentencepiece")
import text_classifier  # noqa: E402
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers  # noqa: E402

HARD = ["", " ", "Hello, world!", "It's  what we'll do: don't.", "naïve café — RÉSUMÉ №5", "你好，世界 東京", "emoji 😀👍🏽 z͑͗a", "tab\tand\u00a0space", "  leading and trailing  ", "x" * 120,
        "1234.5e-6 kg·m²", "한국어 テスト ﬁne Ⅷ", "<s> not a token </s> [MASK] it", "\u200bzero\u00adwidth", "a_b-c/d\\e\"f'"]


def texts():
    out = []
    for path in sorted(glob.glob(os.path.join(ROOT, "docs", "*.md"))):
        with open(path) as f:
            out += [line for line in f.read().split("\n") if line]
    return out


def cut(file, lines, *more):
    with tempfile.NamedTemporaryFile("w", suffix=".txt", newline="") as f:
        f.write("\n".join(lines) + "\n")
        f.flush()
        return json.loads(verge("tokenize", file, "--lines", f.name, "--json", *more))


def expect_same(name, got, ids, back):
    wrong = [(i, g["ids"], w) for i, (g, w) in enumerate(zip(got, ids)) if g["ids"] != w]
    assert len(got) == len(ids) and not wrong, f"{name}: {len(wrong)} of {len(ids)} texts have other ids, first {wrong[:1]}"
    wrong = [(g["text"], b) for g, b in zip(got, back) if g["text"] != b]
    assert not wrong, f"{name}: {len(wrong)} texts come back otherwise, first {wrong[:1]}"
    print(f"{name}: {len(got)} texts, {sum(map(len, ids))} tokens equal", flush=True)


def bert():
    t = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer, t.pre_tokenizer, t.decoder = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer(), decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=1500, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False)
    return t, trainer, processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])


def gpt2():
    t = tokenizers.Tokenizer(models.BPE())
    t.pre_tokenizer, t.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    return t, trainers.BpeTrainer(vocab_size=1500, special_tokens=["<|endoftext|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False), None


def llama():
    t = tokenizers.Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)]
    return t, trainers.BpeTrainer(vocab_size=1500, special_tokens=special, show_progress=False), None


def unigram():
    t = tokenizers.Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.NFD(), normalizers.StripAccents(), normalizers.Replace(tokenizers.Regex(" {2,}"), " ")])
    t.pre_tokenizer, t.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    return t, trainers.UnigramTrainer(vocab_size=1000, unk_token="<unk>", special_tokens=["<unk>", "<s>", "</s>"], show_progress=False), None


def hugging_face(tmp, corpus):
    for make in (bert, gpt2, llama, unigram):
        t, trainer, around = make()
        t.train_from_iterator(corpus, trainer)
        if around:
            t.post_processor = around
        file = f"{tmp}/{make.__name__}.json"
        t.save(file)
        lines = corpus + HARD[1:]
        wanted = [e.ids for e in t.encode_batch(lines)]
        expect_same(make.__name__, cut(file, lines), wanted, [t.decode(w) for w in wanted])
        if make is bert:
            pairs = t.encode("the first text", "and a second")
            got = cut(file, ["the first text"], "--with", "and a second")[0]
            assert (got["ids"], got["types"]) == (pairs.ids, pairs.type_ids), (got, pairs.ids, pairs.type_ids)
            t.save(f"{tmp}/all.json")
            vocabulary = sorted(t.get_vocab().items(), key=lambda item: item[1])
            with open(f"{tmp}/vocab.txt", "w") as f:
                f.write("".join(piece + "\n" for piece, _ in vocabulary))
            expect_same("vocab.txt", cut(f"{tmp}/vocab.txt", lines), wanted, [t.decode(w) for w in wanted])


def sentence_piece(tmp, corpus):
    for kind in ("unigram", "bpe"):
        for name, more in (("", {}), (" with bytes", {"byte_fallback": True, "user_defined_symbols": ["<sep>", "kB"]}), (" as it stands", {"normalization_rule_name": "identity", "remove_extra_whitespaces": False})):
            model = io.BytesIO()
            sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(corpus), model_writer=model, vocab_size=1200, model_type=kind, minloglevel=2, hard_vocab_limit=False, **more)
            file = f"{tmp}/sp.model"
            with open(file, "wb") as f:
                f.write(model.getvalue())
            theirs = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
            lines = corpus + HARD[1:] + ["12 kB<sep>and kB more"]
            wanted = theirs.encode(lines)
            expect_same(f"SentencePiece {kind}{name}", cut(file, lines), wanted, theirs.decode(wanted))


def refusals(tmp):
    for words, text in (("normalizer NFKC", '{"normalizer": {"type": "NFKC"}, "model": {"type": "BPE", "vocab": {}, "merges": []}}'),
                        ("pre-tokenizer Split", '{"pre_tokenizer": {"type": "Split"}, "model": {"type": "BPE", "vocab": {}, "merges": []}}')):
        with open(f"{tmp}/refused.json", "w") as f:
            f.write(text)
        p = run(VERGE, "tokenize", f"{tmp}/refused.json", "text")
        assert p.returncode == 3 and words in p.stderr and "docs/text.md" in p.stderr, (p.returncode, p.stderr)
    p = run(VERGE, "tokenize", os.path.join(ROOT, "LICENSE"), "text")
    assert p.returncode not in (0, 1) and "vocab.txt" in p.stderr, (p.returncode, p.stderr)


def texts_through_a_model(tmp):
    """verge run --text: ids, mask and types of one text or two, the number of tokens open or fixed, cut or padded; against numpy on the tokenizer's ids."""
    with open(f"{tmp}/vocab.txt", "w") as f:
        f.write("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "small", "##er", "text", "another"]) + "\n")
    with open(f"{tmp}/names.txt", "w") as f:
        f.write("good\nbad\nnone\n")
    text_classifier.make(f"{tmp}/open.onnx", 9)
    text_classifier.make(f"{tmp}/fixed.onnx", 9, 5)
    verge("convert", f"{tmp}/fixed.onnx", "--labels", f"{tmp}/names.txt", "-o", f"{tmp}/fixed.vpk")
    words, beside = ["a smaller text", "a text"], "another"
    for model, longest in (("open.onnx", None), ("fixed.onnx", 5), ("fixed.vpk", 5)):
        for more in ([], ["--with", beside]):
            cuts = json.loads(verge("tokenize", f"{tmp}/vocab.txt", *words, "--json", *more))
            found = json.loads(verge("run", f"{tmp}/{model}", "--tokenizer", f"{tmp}/vocab.txt", *(o for w in words for o in ("--text", w)), "--json", *more))
            for cut_text, result in zip(cuts, found):
                ids, types = cut_text["ids"][:longest], cut_text["types"][:longest]
                wanted = text_classifier.scores(9, ids, types)
                got = {t["index"]: t["score"] for t in result["top"]}
                assert result["ids"] == ids and max(abs(got[k] - wanted[k]) for k in range(3)) < 1e-5, (model, more, result, wanted)
    assert found[0]["top"][0]["label"] in ("good", "bad", "none"), found
    p = run(VERGE, "run", f"{tmp}/open.onnx", "--text", "a text")
    assert p.returncode == 2 and "--tokenizer" in p.stderr, (p.returncode, p.stderr)
    p = run(VERGE, "run", INSPECTION, "--tokenizer", f"{tmp}/vocab.txt", "--text", "a text")
    assert p.returncode == 2 and "[1,tokens]" in p.stderr, (p.returncode, p.stderr)


def transcripts(tmp):
    helper, shape = onnx.helper, [1, 6, 4]
    graph = helper.make_graph([helper.make_node("Softmax", ["x"], ["y"], axis=-1)], "ctc", [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, shape)])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), f"{tmp}/ctc.onnx")
    with open(f"{tmp}/letters.txt", "w") as f:
        f.write("-\na\nb\nc\n")
    verge("convert", f"{tmp}/ctc.onnx", "--labels", f"{tmp}/letters.txt", "--pipeline", '{"transcript": {"blank": 0, "probabilities": true}}', "-o", f"{tmp}/ctc.vpk")
    np.save(f"{tmp}/scores.npy", 5 * np.eye(4, dtype=np.float32)[[3, 3, 1, 0, 1, 2]][None])
    assert verge("run", f"{tmp}/ctc.vpk", f"{tmp}/scores.npy").split()[-1] == "caab"
    wide = '{"transcript": {"blank": 0, "beam": 16, "probabilities": true}}'
    assert json.loads(verge("run", f"{tmp}/ctc.vpk", f"{tmp}/scores.npy", "--pipeline", wide, "--json"))[0]["text"] == "caab"
    p = run(VERGE, "run", f"{tmp}/ctc.vpk", f"{tmp}/scores.npy", "--pipeline", '{"transcript": {"blank": 9}}')
    assert p.returncode == 2 and "class 9 of 4" in p.stderr, (p.returncode, p.stderr)


with tempfile.TemporaryDirectory() as folder:
    corpus = texts()
    hugging_face(folder, corpus)
    sentence_piece(folder, corpus)
    refusals(folder)
    transcripts(folder)
    texts_through_a_model(folder)
