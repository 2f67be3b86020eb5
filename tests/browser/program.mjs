// Starts a real program on a fresh data folder, with one account for each end of the thin path, and stops it again.
// Shape: { base, env, stop, kill, restart } with env for lib.mjs: BASE, GATE_ACCOUNT, GATE_PASSWORD, CDC_ACCOUNT, CDC_PASSWORD,
// OPS_ACCOUNT, OPS_PASSWORD, and for world.mjs: ADMIN_TOKEN, PROGRAM, DATA.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const kPages = resolve(import.meta.dirname, '../../ui/dist');
const kReadyMs = 60_000;

function freePort() {
  return new Promise((done, fail) => {
    const probe = createServer().on('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

export function addAccount(program, data, account, post, area, display) {
  const password = randomBytes(12).toString('base64url');
  const made = spawnSync(program, ['account', 'add', '--data', data, '--account', account, '--post', post, '--area', area, '--display', display, '--password-stdin'], { input: password, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`account add ended with ${made.status}: ${made.stderr}`);
  return password;
}

async function untilReady(base, child) {
  const end = Date.now() + kReadyMs;
  while (Date.now() < end) {
    if (child.exitCode !== null) throw new Error(`the program ended at once with ${child.exitCode}`);
    const answer = await fetch(base + '/ready').catch(() => null);
    if (answer?.ok) return;
    await new Promise((go) => setTimeout(go, 100));
  }
  throw new Error(`the program was not ready after ${kReadyMs / 1000} s`);
}

/** `log`: "" for SQLite in the data folder, or postgresql://… */
export async function startProgram(program, log = '') {
  const data = mkdtempSync(join(tmpdir(), 'tk-browser-'));
  const words = { gate: '卡口登记员', cdc: '疾控随访', ops: '运维值班' };
  const base = `http://127.0.0.1:${await freePort()}`;
  let child = null;
  const stop = async () => {
    const ended = new Promise((done) => child?.once('exit', done));
    if (child?.exitCode === null && child.kill('SIGTERM')) await ended;
    rmSync(data, { recursive: true, force: true });
  };
  try {
    const env = {
      GATE_ACCOUNT: 'gate',
      GATE_PASSWORD: addAccount(program, data, 'gate', 'screener', '380102', words.gate),
      CDC_ACCOUNT: 'cdc',
      CDC_PASSWORD: addAccount(program, data, 'cdc', 'cdc-officer', '3801', words.cdc),
      OPS_ACCOUNT: 'ops',
      OPS_PASSWORD: addAccount(program, data, 'ops', 'operator', '', words.ops),
      BASE: base,
    };
    const listen = base.replace('http://', '');
    const serve = () => spawn(program, ['serve', '--data', data, '--listen', listen, '--pages', kPages, ...(log ? ['--log', log] : [])], { stdio: ['ignore', 'ignore', 'inherit'] });
    child = serve();
    await untilReady(base, child);
    const token = spawnSync(program, ['token', '--data', data, '--account', 'admin'], { encoding: 'utf8' });
    if (token.status !== 0) throw new Error(`token ended with ${token.status}: ${token.stderr}`);
    Object.assign(env, { ADMIN_TOKEN: token.stdout.trim(), PROGRAM: resolve(program), DATA: data });
    const kill = async () => {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGKILL');
      await ended;
    };
    const restart = async () => {
      child = serve();
      await untilReady(base, child);
    };
    return { base, env, stop, kill, restart };
  } catch (e) {
    await stop();
    throw e;
  }
}
