#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/base/config.h"
#include "kernel/base/diagnostics.h"
#include "kernel/base/file.h"
#include "kernel/base/metrics.h"
#include "kernel/base/text.h"

namespace tk {
namespace {

constexpr SettingSpec kSpecs[] = {
    {"http.threads", SettingKind::kNumber, "2", "network threads", 1, 64},
    {"http.listen", SettingKind::kText, "127.0.0.1:8080", "address and port"},
    {"log.requests", SettingKind::kFlag, "true", "a line a request"},
};

class SettingsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "tk_config_" + std::to_string(::getpid());
    ASSERT_TRUE(MakeFolder(folder_).ok());
  }
  std::string File(const std::string& text) {
    const std::string path = folder_ + "/tongkang.toml";
    EXPECT_TRUE(WriteFileDurable(path, text).ok());
    return path;
  }
  std::string folder_;
};

TEST_F(SettingsTest, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  const std::string file = File("[http]\nthreads = 3\nlisten = \"0.0.0.0:1\"\n");
  const auto environment = [](const char* name) -> const char* {
    return std::string_view(name) == "TONGKANG_HTTP_LISTEN" ? "1.1.1.1:2" : nullptr;
  };
  const auto settings = Settings::Load(kSpecs, {{"http.threads", "4"}}, file, environment);
  ASSERT_TRUE(settings.ok()) << settings.error().ToString();
  EXPECT_EQ(settings->Number("http.threads"), 4);
  EXPECT_EQ(settings->Text("http.listen"), "1.1.1.1:2");
  EXPECT_TRUE(settings->Flag("log.requests"));
  EXPECT_EQ(settings->SourceOf("http.threads"), "flag");
  EXPECT_EQ(settings->SourceOf("http.listen"), "environment");
}

TEST_F(SettingsTest, UnknownNameIsRefusedWithFileAndLine) {
  const auto settings = Settings::Load(kSpecs, {}, File("[http]\nthreads = 3\ntreads = 4\n"), {});
  ASSERT_FALSE(settings.ok());
  EXPECT_NE(settings.error().external.find("tongkang.toml:3: unknown setting 'http.treads'"),
            std::string::npos)
      << settings.error().external;
}

TEST_F(SettingsTest, AFolderOrNothingIsNoFileOfSettings) {
  for (const std::string& file : {folder_, folder_ + "/none.toml"}) {
    const auto settings = Settings::Load(kSpecs, {}, file, {});
    ASSERT_FALSE(settings.ok()) << file;
    EXPECT_NE(settings.error().external.find(file), std::string::npos);
  }
}

TEST_F(SettingsTest, BrokenFileAndWrongValuesSayWhere) {
  auto broken = Settings::Load(kSpecs, {}, File("[http]\nthreads = \n"), {});
  ASSERT_FALSE(broken.ok());
  EXPECT_NE(broken.error().external.find("tongkang.toml:2"), std::string::npos) << broken.error().external;
  auto range = Settings::Load(kSpecs, {}, File("[http]\nthreads = 65\n"), {});
  ASSERT_FALSE(range.ok());
  EXPECT_NE(range.error().external.find("from 1 to 64"), std::string::npos);
}

TEST(Text, JsonStringsAreAlwaysValid) {
  std::string out;
  AppendJsonString("a\"\\\n\x01\xff\xe9\x80\x9a", &out);
  EXPECT_EQ(out, "\"a\\\"\\\\\\n\\u0001\xef\xbf\xbd\xe9\x80\x9a\"");
}

TEST(Text, EveryCharacterIsEscapedTheSameWhereverItStands) {
  for (int c = 0; c < 256; ++c) {
    std::string alone;
    AppendJsonString(std::string(1, static_cast<char>(c)), &alone);
    const std::string inside = alone.substr(1, alone.size() - 2);
    for (size_t size = 1; size <= 20; ++size) {
      for (size_t at = 0; at < size; ++at) {
        std::string text(size, 'x');
        text[at] = static_cast<char>(c);
        std::string out;
        AppendJsonString(text, &out);
        ASSERT_EQ(out, "\"" + std::string(at, 'x') + inside + std::string(size - at - 1, 'x') + "\"")
            << c << " at " << at << " of " << size;
        ASSERT_EQ(IsPlainJson(text), inside.size() == 1 && c < 0x80) << c << " at " << at << " of " << size;
      }
    }
  }
}

TEST(Text, PercentDecodingRefusesBrokenEscapesNulAndBadUtf8) {
  EXPECT_EQ(PercentDecode("a%2Fb+c", true).value(), "a/b c");
  EXPECT_EQ(PercentDecode("a+b", false).value(), "a+b");
  EXPECT_EQ(PercentDecode("%E9%80%9A", false).value(), "\xe9\x80\x9a");
  for (const char* bad : {"%", "%2", "%zz", "%00", "%ff", "%c0%af", "%ed%a0%80", "%f4%90%80%80"}) {
    EXPECT_FALSE(PercentDecode(bad, false).ok()) << bad;
  }
  const std::string text = "a|b c&d=e,f\\%通+";
  EXPECT_EQ(PercentEncode(text), "a|b%20c%26d%3De,f%5C%25%E9%80%9A%2B");
  EXPECT_EQ(PercentDecode(PercentEncode(text), true).value(), text);
}

TEST(Text, Base64UrlRoundTripsAndRefusesPadding) {
  const std::string bytes("\x00\xfe\xff~", 4);
  EXPECT_EQ(FromBase64Url(ToBase64Url(AsBytes(bytes))), bytes);
  EXPECT_FALSE(FromBase64Url("AA==").has_value());
  EXPECT_FALSE(FromBase64Url("A*").has_value());
}

TEST(Diagnostics, OneJsonLineAnEventAndNothingBelowTheLevel) {
  std::string lines;
  CaptureDiagnostics(&lines);
  Say(LogLevel::kDebug, "hidden", {});
  Say(LogLevel::kInfo, "ready", {{"t", uint64_t{42}}, {"note", std::string_view("a\nb")}, {"ok", true}});
  CaptureDiagnostics(nullptr);
  EXPECT_EQ(lines.find("hidden"), std::string::npos);
  EXPECT_NE(lines.find("\"level\":\"info\",\"event\":\"ready\",\"t\":42,\"note\":\"a\\nb\",\"ok\":true}\n"),
            std::string::npos)
      << lines;
}

TEST(Metrics, PrometheusText) {
  Metrics metrics;
  metrics.AddCounter("tk_requests_total", "Requests", {{"route", "/fhir"}})->Increment();
  metrics.AddCounter("tk_requests_total", "Requests", {{"route", "/fhir"}})->Increment(2);
  metrics.AddHistogram("tk_seconds", "Duration", {}, {0.1, 1})->Observe(0.5);
  metrics.AddGauge("tk_depth", "Depth", {{"queue", "a"}}, [] { return 7.0; });
  const std::string text = metrics.Text();
  EXPECT_NE(text.find("tk_requests_total{route=\"/fhir\"} 3"), std::string::npos) << text;
  EXPECT_NE(text.find("tk_seconds_bucket{le=\"0.1\"} 0"), std::string::npos) << text;
  EXPECT_NE(text.find("tk_seconds_bucket{le=\"1\"} 1"), std::string::npos) << text;
  EXPECT_NE(text.find("tk_depth{queue=\"a\"} 7"), std::string::npos) << text;
}

TEST(File, ReplacedWholeAndLockedOnce) {
  const std::string path = ::testing::TempDir() + "tk_file_" + std::to_string(::getpid());
  ASSERT_TRUE(WriteFileDurable(path, "one").ok());
  ASSERT_TRUE(WriteFileDurable(path, "two").ok());
  EXPECT_EQ(ReadFile(path).value(), "two");
  EXPECT_FALSE(ReadFile(path, 2).ok());
  const auto lock = FileLock::Take(path + ".lock", 0);
  ASSERT_TRUE(lock.ok());
  const auto other = FileLock::Take(path + ".lock", 0);
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, ErrorCode::kConflict);
  EXPECT_NE(other.error().external.find(std::to_string(getpid())), std::string::npos) << "who holds it";
}

TEST(File, FoldersAreTheUsersAloneAndWhatIsNoneIsTold) {
  const std::string top = ::testing::TempDir() + "tk_folders_" + std::to_string(::getpid());
  const mode_t before = ::umask(022);
  const Status made = MakeFolder(top + "/a/b/");
  ::umask(before);
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  for (const char* each : {"", "/a", "/a/b"}) {
    struct stat info {};
    ASSERT_EQ(::stat((top + each).c_str(), &info), 0) << each;
    EXPECT_EQ(info.st_mode & 07777, 0700u) << each;
  }
  EXPECT_TRUE(MakeFolder(top + "/a").ok()) << "there already";
  ASSERT_TRUE(WriteFileDurable(top + "/file", "x").ok());
  EXPECT_FALSE(MakeFolder(top + "/file").ok());
  EXPECT_FALSE(MakeFolder(top + "/file/below").ok());
}

TEST(File, ReplacedKeepsOwnerGroupAndMode) {
  const std::string folder = ::testing::TempDir() + "tk_owner_" + std::to_string(::getpid());
  ASSERT_TRUE(MakeFolder(folder).ok());
  const std::string path = folder + "/accounts.toml", fresh = folder + "/fresh";
  ASSERT_TRUE(WriteFileDurable(path, "one").ok());
  struct stat info {};
  ASSERT_EQ(::stat(folder.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700u);
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  // Only root can have files of others.
  const bool is_root = ::geteuid() == 0;
  const uid_t user = is_root ? 65534 : ::geteuid();
  const gid_t group = is_root ? 65533 : info.st_gid;
  ASSERT_EQ(::chown(path.c_str(), user, group), 0);
  ASSERT_EQ(::chown(folder.c_str(), user, group), 0);
  ASSERT_TRUE(WriteFileDurable(path, "two").ok());
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640u);
  EXPECT_EQ(info.st_uid, user);
  EXPECT_EQ(info.st_gid, group);
  EXPECT_EQ(ReadFile(path).value(), "two");
  ASSERT_TRUE(WriteFileDurable(fresh, "new").ok());
  ASSERT_EQ(::stat(fresh.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  EXPECT_EQ(info.st_uid, user) << "a new one is the folder's owner's";
}

}  // namespace
}  // namespace tk
