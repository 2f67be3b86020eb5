// The Debian package on a clean Debian 12: debootstrap makes the system, systemd boots in it, tests/package/inside.sh plays an operator.
// TK_DEB: the package. TK_PREVIOUS_DEB: the one before it; without it the same program with an older version number, so that at least the
// package's own scripts and configuration go through an upgrade. Needs root, debootstrap, systemd-nspawn and a Debian mirror.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';

const here = import.meta.dirname;
const deb = process.env.TK_DEB;
const mirror = process.env.TK_DEBIAN_MIRROR ?? 'http://deb.debian.org/debian';
const inRoot = (root, ...command) =>
  execFileSync('chroot', [root, ...command], { stdio: 'pipe', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' } }).toString();

function missing() {
  if (process.getuid() !== 0) return 'only root can make a system';
  for (const program of ['debootstrap', 'systemd-nspawn']) if (spawnSync('which', [program]).status !== 0) return `${program} is not installed`;
  return false;
}

/** The same package under an older version number. */
function older(package_, folder) {
  const tree = path.join(folder, 'older');
  execFileSync('dpkg-deb', ['-R', package_, tree]);
  const control = path.join(tree, 'DEBIAN/control');
  writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*$/m, 'Version: 0.0.1'));
  execFileSync('dpkg-deb', ['-b', tree, path.join(folder, 'older.deb')], { stdio: 'pipe' });
  return path.join(folder, 'older.deb');
}

function cleanSystem(root) {
  execFileSync('debootstrap', ['--variant=minbase', '--include=systemd,systemd-sysv,dbus,curl,ca-certificates', 'bookworm', root, mirror], { stdio: 'pipe' });
  copyFileSync('/etc/resolv.conf', path.join(root, 'etc/resolv.conf'));
  inRoot(root, 'apt-get', 'update', '-qq');
}

/** Boots the system once; what inside.sh left is in /results. */
function boot(root, script) {
  copyFileSync(script, path.join(root, 'operator.sh'));
  const unit = path.join(root, 'etc/systemd/system/operator.service');
  writeFileSync(unit, '[Unit]\nAfter=basic.target\n[Service]\nType=simple\nExecStart=/bin/sh /operator.sh\n');
  mkdirSync(path.join(root, 'etc/systemd/system/multi-user.target.wants'), { recursive: true });
  symlinkSync('/etc/systemd/system/operator.service', path.join(root, 'etc/systemd/system/multi-user.target.wants/operator.service'));
  const machine = spawnSync('systemd-nspawn', ['-q', '-D', root, '--register=no', '--keep-unit', '--boot', '--console=pipe'],
    { input: '', timeout: 300_000, killSignal: 'SIGKILL' });
  return `${machine.stdout}${machine.stderr}`.slice(-3000);
}

test('the package on a clean Debian 12', { skip: missing() }, async (t) => {
  assert.ok(deb && existsSync(deb), 'TK_DEB names the package');
  const folder = mkdtempSync(path.join(tmpdir(), 'tongkang-package-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const root = path.join(folder, 'root');
  cleanSystem(root);
  const able = spawnSync('systemd-nspawn', ['-q', '-D', root, '--register=no', '--keep-unit', '--console=pipe', '/bin/true']);
  if (able.status !== 0) return t.skip(`no container may run here: ${able.stderr}`.trim());
  copyFileSync(process.env.TK_PREVIOUS_DEB ?? older(deb, folder), path.join(root, 'previous.deb'));
  copyFileSync(deb, path.join(root, 'next.deb'));
  await t.test('installs with what Debian has, and nothing else', () => {
    inRoot(root, 'apt-get', 'install', '-y', '-qq', '--no-install-recommends', '/previous.deb');
    assert.match(inRoot(root, 'tongkang', 'version'), /\d+\.\d+\.\d+/);
    assert.equal(inRoot(root, 'sh', '-c', 'ldd /usr/bin/tongkang | grep "not found" || true'), '');
  });
  const told = boot(root, path.join(here, 'inside.sh'));
  const results = existsSync(path.join(root, 'results')) ? readFileSync(path.join(root, 'results'), 'utf8').trim().split('\n') : [];
  for (const line of results.filter((one) => one !== 'end')) {
    const [, state, name, words] = /^(ok|not ok) ([^:]*):? ?(.*)$/.exec(line);
    await t.test(name, () => assert.equal(state, 'ok', words));
  }
  await t.test('the operator came to the end', () => assert.equal(results.at(-1), 'end', `the machine said: ${told}`));
});
