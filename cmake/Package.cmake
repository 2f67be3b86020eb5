# `./tk package`: one Debian package with the server, the pages and the service. Installs:
#   /usr/bin/tongkang  /usr/share/tongkang/pages  /lib/systemd/system/tongkang.service  /etc/tongkang/{tongkang.toml,backup.conf}  /lib/systemd/system/tongkang-backup.{service,timer}
if(NOT TARGET tongkang)
  return()
endif()
set(CMAKE_INSTALL_PREFIX /usr CACHE PATH "" FORCE)
install(TARGETS tongkang RUNTIME DESTINATION bin)
install(DIRECTORY ui/dist/ DESTINATION share/tongkang/pages OPTIONAL PATTERN .built EXCLUDE)
install(FILES packaging/tongkang.service packaging/tongkang-backup.service packaging/tongkang-backup.timer DESTINATION /lib/systemd/system)
install(FILES packaging/tongkang.toml packaging/backup.conf DESTINATION /etc/tongkang)
install(FILES packaging/journald.conf DESTINATION /etc/systemd RENAME journald@tongkang.conf)
install(PROGRAMS packaging/backup DESTINATION lib/tongkang)
# The operator's page takes the place of the source's README, whose links lead into the source.
install(FILES packaging/README.md packaging/copyright LICENSE THIRD-PARTY.md CHANGELOG.md DESTINATION share/doc/tongkang)
install(FILES docs/api.md docs/operations.md docs/ops.md docs/packs.md docs/pages.md docs/performance.md docs/threat-model.md DESTINATION share/doc/tongkang/docs)
install(DIRECTORY docs/apps docs/flow docs/decisions DESTINATION share/doc/tongkang/docs FILES_MATCHING PATTERN "*.md" PATTERN "*.png" PATTERN "*.jpg")

# The time of the commit in the version, so that a later build is an upgrade for dpkg.
execute_process(COMMAND git log -1 --format=+%cd.%h --date=format-local:%Y%m%d%H%M
                WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE tk_commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
set(CPACK_DEBIAN_PACKAGE_VERSION "${PROJECT_VERSION}${tk_commit}")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tongkang)
set(CPACK_PACKAGE_CONTACT "The Tongkang authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Health platform of a city")
set(CPACK_PACKAGE_DESCRIPTION "One FHIR R4 log with views over it, and the pages of the city's business systems.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "postgresql")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${CMAKE_SOURCE_DIR}/packaging/postinst;${CMAKE_SOURCE_DIR}/packaging/prerm;${CMAKE_SOURCE_DIR}/packaging/postrm;${CMAKE_SOURCE_DIR}/packaging/conffiles")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_STRIP_FILES ON)
include(CPack)
