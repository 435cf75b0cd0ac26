// verge-tuf: a client of The Update Framework on the command line.
//
//   verge-tuf --metadata-dir M init ROOT.json
//   verge-tuf --metadata-dir M --metadata-url U refresh
//   verge-tuf --metadata-dir M --metadata-url U --target-name N --target-dir D --target-base-url T download
#include <CLI/CLI.hpp>
#include <cstdio>
#include <ctime>

#include "os/file.h"
#include "tuf/updater.h"

namespace {

using namespace verge;

struct Options {
  std::string metadata_dir, metadata_url, target_dir, target_base_url, root;
  std::vector<std::string> targets;
};

Result<void> init(const Options& o) {
  VERGE_TRY(const Bytes root, read_file(o.root));
  VERGE_CHECK(make_directories(o.metadata_dir));
  return tuf::Updater::init(*make_folder_storage(o.metadata_dir), root);
}

Result<void> refresh(const Options& o) {
  const auto transport = tuf::make_http_transport({});
  const auto storage = make_folder_storage(o.metadata_dir);
  return tuf::Updater(*storage, o.metadata_url, *transport).refresh(std::time(nullptr));
}

Result<void> download(const Options& o) {
  const auto transport = tuf::make_http_transport({});
  const auto storage = make_folder_storage(o.metadata_dir);
  tuf::Updater updater(*storage, o.metadata_url, *transport);
  for (const std::string& name : o.targets) {
    VERGE_TRY(const tuf::TargetFile file, updater.find(name, std::time(nullptr)));
    VERGE_TRY(const std::string path, updater.download(file, o.target_base_url, o.target_dir));
    std::printf("%s\n", path.c_str());
  }
  return done();
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app{"A client of The Update Framework 1.0\n\nExample: verge-tuf --metadata-dir trusted init root.json"};
  app.require_subcommand(1);
  app.add_option("--metadata-dir", o.metadata_dir, "folder of the metadata that is trusted")->required();
  app.add_option("--metadata-url", o.metadata_url, "where the repository serves metadata");
  app.add_option("--target-name", o.targets, "a target's path; more than one are downloaded in order")->take_all();
  app.add_option("--target-dir", o.target_dir, "where targets are stored");
  app.add_option("--target-base-url", o.target_base_url, "where the repository serves targets");
  CLI::App* init_command = app.add_subcommand("init", "Trust this root from now on");
  init_command->add_option("root", o.root, "root.json")->required();
  CLI::App* refresh_command = app.add_subcommand("refresh", "Bring the metadata up to date");
  app.add_subcommand("download", "Refresh, find, download and check targets");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 1;
  }
  const Result<void> result = init_command->parsed() ? init(o) : (refresh_command->parsed() ? refresh(o) : download(o));
  if (!result.ok()) std::fprintf(stderr, "error: %s\n", result.error().message().c_str());
  return result.ok() ? 0 : 1;
}
