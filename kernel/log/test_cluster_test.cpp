// A private PostgreSQL cluster for the tests: made with initdb in a temporary folder, reached by a unix socket only. All test processes of
// one build folder share it (ctest runs one process a test); a watcher stops and removes it when nobody has used it for some seconds.
#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>

#include "kernel/log/test_support.h"

namespace tk::log::test {
namespace {

constexpr const char* kBin = "/usr/lib/postgresql/15/bin";

class Cluster {
 public:
  /// Null if PostgreSQL is not installed or cannot run here.
  static const Cluster* Get() {
    static const Cluster cluster;
    return cluster.url_.empty() ? nullptr : &cluster;
  }
  const std::string& url() const { return url_; }
  const std::string& folder() const { return folder_; }

 private:
  Cluster() {
    const bool as_root = geteuid() == 0;
    if (access(fmt::format("{}/initdb", kBin).c_str(), X_OK) != 0 ||
        (as_root && getpwnam("postgres") == nullptr))
      return;
    folder_ = fmt::format("/tmp/tk_pg_{}", ToHex(DigestOf({AsBytes(TK_BINARY_DIR)})).substr(0, 12));
    // Shared by users, exclusive for whoever makes or removes the cluster. Held until this process ends.
    const int users = open((folder_ + ".users").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const int maker = open((folder_ + ".maker").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (users < 0 || maker < 0 || flock(users, LOCK_SH) != 0 || flock(maker, LOCK_EX) != 0) return;
    const std::string as = as_root ? "runuser -u postgres -- " : "";
    const bool runs =
        std::system(fmt::format("cd /tmp && {}{}/pg_ctl -D {}/data status >/dev/null 2>&1", as, kBin, folder_)
                        .c_str()) == 0;
    if (runs || Make(as, as_root))
      url_ = fmt::format("postgresql://{}@/postgres?host={}",
                         as_root ? "postgres" : getpwuid(geteuid())->pw_name, folder_);
    close(maker);
  }

  bool Make(const std::string& as, bool as_root) const {
    // Killed processes of the server keep their bytes in the page cache, and nobody tests a power cut here: no syncing.
    const std::string settings = fmt::format(
        "-c listen_addresses= -c unix_socket_directories={} -c fsync=off -c max_connections=60 -c "
        "shared_buffers=32MB "
        "-c max_wal_size=256MB -c autovacuum=off",
        folder_);
    const std::string make = fmt::format(
        "set -e; cd /tmp; rm -rf {0}; mkdir -m 700 {0}; {1} {2}{3}/initdb -D {0}/data -A trust -E UTF8 "
        "--locale=C --no-sync >/dev/null; "
        "{2}{3}/pg_ctl -D {0}/data -w -t 60 -l {0}/server.log -o '{4}' start >/dev/null",
        folder_, as_root ? "chown postgres " + folder_ + ";" : "", as, kBin, settings);
    if (std::system(make.c_str()) != 0) return false;
    const std::string watch = fmt::format(
        "cd /tmp; setsid sh -c 'while sleep 8; do if flock -n -x {0}.users sh -c \"{1}{2}/pg_ctl -D {0}/data "
        "-m immediate stop; rm -rf {0}\"; "
        "then exit; fi; done' >/dev/null 2>&1 </dev/null &",
        folder_, as, kBin);
    return std::system(watch.c_str()) == 0;
  }

  std::string folder_, url_;
};

class PostgresHarness final : public Harness {
 public:
  explicit PostgresHarness(const Cluster* cluster) : cluster_(cluster) {
    std::array<uint8_t, 6> random{};
    SystemRandom(random);
    schema_ = "t_" + ToHex(random);
  }
  Result<std::unique_ptr<Log>> Open() override { return OpenLog(Options(schema_)); }
  OpenOptions Other(const std::string& name) override { return Options(schema_ + "_" + name); }
  std::string data_folder() const override { return cluster_->folder(); }

 private:
  OpenOptions Options(const std::string& schema) const {
    OpenOptions options;
    options.url = cluster_->url();
    options.schema = schema;
    options.resolve_ms_max = 5000;
    return options;
  }
  const Cluster* cluster_;
  std::string schema_;
};

}  // namespace

std::unique_ptr<Harness> MakePostgresHarness() {
  const Cluster* cluster = Cluster::Get();
  return cluster != nullptr ? std::make_unique<PostgresHarness>(cluster) : nullptr;
}

}  // namespace tk::log::test
