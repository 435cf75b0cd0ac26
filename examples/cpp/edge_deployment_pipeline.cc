// edge_deployment_pipeline MODEL DATA mobile|jetson|ios OUT.vpk: optimise for the target, validate against the source, measure here.
// The command line does the work; $VERGE names it.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

class EdgeDeploymentPipeline {
 public:
  EdgeDeploymentPipeline(std::string model, std::string data, const std::string& target_device) : model_(std::move(model)), data_(std::move(data)) {
    static const std::map<std::string, std::string> kTargets = {{"mobile", "pixel-6"}, {"jetson", "jetson-orin-nano"}, {"ios", "iphone-13"}};
    const auto found = kTargets.find(target_device);
    if (found == kTargets.end()) throw std::runtime_error("target '" + target_device + "', wants mobile, jetson or ios");
    target_ = found->second;
  }
  void run(const std::string& output) const {
    step("optimise", {"optimize", model_, "--data", data_, "--target", target_, "--max-drop", "1%", "-o", output});
    step("validate", {"validate", output, "--data", data_, "--against", model_});
    step("benchmark", {"bench", output, "--seconds", "0.5"});
  }

 private:
  static void step(const char* what, const std::vector<std::string>& arguments) {
    std::printf("-- %s\n", what);
    std::fflush(stdout);
    const char* verge = std::getenv("VERGE") ? std::getenv("VERGE") : "verge";
    const pid_t child = fork();
    if (child == 0) {
      std::vector<char*> argv = {const_cast<char*>(verge)};
      for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
      argv.push_back(nullptr);
      execvp(verge, argv.data());
      _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error(std::string(what) + " failed");
  }
  std::string model_, data_, target_;
};

int main(int argc, char** argv) {
  if (argc != 5) return std::fprintf(stderr, "usage: edge_deployment_pipeline MODEL DATA mobile|jetson|ios OUT.vpk\n"), 2;
  try {
    EdgeDeploymentPipeline(argv[1], argv[2], argv[3]).run(argv[4]);
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "error: %s\n", error.what()), 1;
  }
}
