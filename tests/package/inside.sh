#!/bin/sh
# Runs as a service in a booted Debian 12 that has the previous package: an operator's days, from the first start to the removal. Each
# step leaves one line in /results: "ok NAME" or "not ok NAME: the last words". Ends by switching the machine off.
export LC_ALL=C.UTF-8
data=/var/lib/tongkang base=http://127.0.0.1:8080
: >/results

step() {
  name=$1
  shift
  if "$@" >/tmp/step.out 2>&1; then echo "ok $name" >>/results
  else echo "not ok $name: $(tail -n 4 /tmp/step.out | tr '\n' ' ')" >>/results; fi
}
until_ready() {
  for _ in $(seq 300); do curl -fsS -o /dev/null $base/ready && return 0; sleep 0.2; done
  systemctl status --no-pager tongkang; journalctl --namespace=tongkang -n 5 --no-pager; return 1
}
ask() { curl -fsS -H "Authorization: Bearer $(cat /tmp/token)" "$@"; }
patient() { ask $base/fhir/Patient/first | grep -q 安和; }
main_pid() { systemctl show -p MainPID --value tongkang; }

starts_nothing() { [ "$(systemctl is-enabled tongkang)" = disabled ] && ! systemctl is-active -q tongkang; }
first_start() {
  systemctl enable --now tongkang && until_ready || return 1
  echo 'Wanda-at-the-desk-1' | tongkang account set-password --data $data --account admin --password-stdin &&
    tongkang token --data $data --account admin >/tmp/token || return 1
  ask -X PUT -H 'Content-Type: application/fhir+json' $base/fhir/Patient/first \
    -d '{"resourceType":"Patient","id":"first","name":[{"text":"安和"}]}' && patient
}
pages() { curl -fsS $base/work | grep -q '<div id="root"'; }
data_is_closed() { [ "$(stat -c %U:%a $data)" = tongkang:700 ] && ! setpriv --reuid nobody --clear-groups ls $data; }
upgrade() {
  echo '# the operator was here' >>/etc/tongkang/tongkang.toml
  before=$(main_pid)
  DEBIAN_FRONTEND=noninteractive dpkg -i --force-confold /next.deb || return 1
  until_ready && [ "$(main_pid)" != "$before" ] && grep -q 'operator was here' /etc/tongkang/tongkang.toml &&
    [ "$(dpkg-query -W -f='${Version}' tongkang)" = "$(dpkg-deb -f /next.deb Version)" ]
}
killed() {
  before=$(main_pid)
  kill -9 "$before"
  for _ in $(seq 100); do [ "$(main_pid)" != "$before" ] && [ "$(main_pid)" != 0 ] && break; sleep 0.2; done
  until_ready && patient
}
backup_without_places() {
  ! systemctl start tongkang-backup.service && journalctl --namespace=tongkang --no-pager | grep -q 'set LOG_TO and KEYS_TO'
}
backup() {
  install -d -o tongkang -g tongkang -m 700 /backup/log /backup/keys /backup/log/log-20240101T020000Z /backup/log/mine /backup/keys/keys-20240101T020000Z
  sed -i 's|^LOG_TO=.*|LOG_TO=/backup/log|; s|^KEYS_TO=.*|KEYS_TO=/backup/keys|' /etc/tongkang/backup.conf
  systemctl start tongkang-backup.service || { journalctl --namespace=tongkang -n 8 --no-pager; return 1; }
  [ "$(ls -d /backup/log/log-2* | wc -l)" = 1 ] && [ -f /backup/log/log-2*/log.db ] && [ "$(ls -d /backup/keys/keys-2* | wc -l)" = 1 ] && [ -d /backup/log/mine ]
}
keys_too_long() {
  sed -i 's|^KEYS_DAYS=.*|KEYS_DAYS=31|' /etc/tongkang/backup.conf
  ! systemctl start tongkang-backup.service && journalctl --namespace=tongkang --no-pager | grep -q 'at most 30 days'
}
timer() { systemctl enable --now tongkang-backup.timer && systemctl list-timers --no-pager | grep -q tongkang-backup; }
restore() {
  systemctl stop tongkang
  mkdir -m 700 /safe && cp $data/master.key /safe/ && rm -rf $data && install -d -m 700 $data && cp /safe/master.key $data/ && chown -R tongkang: $data
  tongkang restore --data $data --from /backup/log/log-2* --keys-from /backup/keys/keys-2* && systemctl start tongkang && until_ready || return 1
  tongkang token --data $data --account admin >/tmp/token && patient
}
journal() { journalctl --namespace=tongkang -u tongkang --no-pager | grep -q 'listening'; }
units_are_good() { systemd-analyze verify tongkang.service tongkang-backup.service tongkang-backup.timer; }
no_names_in_journal() { ! journalctl --namespace=tongkang --no-pager | grep -q 安和; }
removed() {
  dpkg -r tongkang && [ -f $data/log.db ] && [ -f /etc/tongkang/tongkang.toml ] && [ ! -e /usr/bin/tongkang ] && ! systemctl is-active -q tongkang
}
purged() { dpkg -P tongkang && [ -f $data/log.db ] && [ ! -e /etc/tongkang/tongkang.toml ]; }

step 'an installation starts nothing by itself' starts_nothing
step 'the first start answers, and keeps a Patient' first_start
step 'the data folder is open to nobody else' data_is_closed
step 'an upgrade keeps data and the changed configuration, and restarts what ran' upgrade
step 'systemd finds nothing wrong with the units' units_are_good
step 'the Patient is there after the upgrade' patient
step 'the pages are served' pages
step 'killed, the service comes again with its data' killed
step 'a backup without places says what to set' backup_without_places
step 'a backup is made and checked, and what is past its days goes' backup
step 'keys that would be kept longer than 30 days are refused' keys_too_long
step 'the timer can be turned on' timer
step 'with everything lost but the backups and the master key, all comes back' restore
step 'the service has a journal of its own' journal
step 'no name stands in the journal' no_names_in_journal
step 'removed, program and service go and data and configuration stay' removed
step 'purged, the data still stay' purged
echo end >>/results
systemctl poweroff --force
