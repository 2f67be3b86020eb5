// Starts the real program for tests: on SQLite or on a PostgreSQL of its own, with a token, on a free port of the loopback.
import { execFile, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** The newest built program, or TK_PROGRAM. */
export function program() {
  if (process.env.TK_PROGRAM) return process.env.TK_PROGRAM;
  const found = ['once', 'release', 'dev', 'dev-clang', 'asan']
    .map((preset) => path.join(root, 'build', preset, 'server/tongkang'))
    .filter((file) => fs.existsSync(file))
    .sort((a, b) => fs.statSync(b).mtimeMs - fs.statSync(a).mtimeMs);
  if (found.length === 0) throw new Error('the program is not built: ./tk build once');
  return found[0];
}

export function freshFolder(name) {
  return fs.mkdtempSync(path.join(os.tmpdir(), `tk-${name}-`));
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** A key and a certificate that it signed itself, for localhost (PEM files). */
export function makeCertificate(keyFile, certFile) {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
    '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
}

/** As in a city that lets these posts of the platform delete what they write: to ask what else stands in the way. Before the first start. */
export function letDelete(data, ...posts) {
  const builtIn = fs.readFileSync(path.join(root, 'kernel/access/data/posts.toml'), 'utf8');
  const tables = posts.map((post) => builtIn.match(new RegExp(`^\\[${post}\\]\n(?:.+\n)+`, 'm'))[0].replace(/^writes = (.*)$/m, 'writes = $1\ndeletes = $1'));
  fs.writeFileSync(path.join(data, 'posts.toml'), tables.join('\n'));
}

/** A number of the division that nobody has, with its check digit (GB 11643-1999). */
export function residentId(birth, sequence) {
  const body = `380102${birth}${String(sequence).padStart(3, '0')}`;
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  return body + '10X98765432'[[...body].reduce((sum, digit, i) => sum + Number(digit) * weights[i], 0) % 11];
}

export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** One request; never throws for a status. { status, headers, text, json } or { lost: true } when the connection broke. */
export function request(base, method, target, { token, body, headers = {}, agent, timeoutMs = 60000 } = {}) {
  return new Promise((resolve) => {
    const url = new URL(base + target);
    const all = { accept: 'application/fhir+json', ...headers };
    if (token) all.authorization = `Bearer ${token}`;
    const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    if (payload !== undefined) {
      all['content-type'] ??= 'application/fhir+json';
      all['content-length'] = Buffer.byteLength(payload);
    }
    // A test's own certificate; the one test that is about certificates checks them itself.
    const secure = url.protocol === 'https:';
    const options = { host: url.hostname, port: url.port, path: url.pathname + url.search, method, headers: all, agent, ...(secure ? { rejectUnauthorized: false } : {}) };
    const req = (secure ? https : http).request(options, (res) => {
      const parts = [];
      res.on('data', (part) => parts.push(part));
      res.on('error', () => resolve({ lost: true }));
      res.on('aborted', () => resolve({ lost: true }));
      res.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        let json = null;
        try { json = text === '' ? null : JSON.parse(text); } catch { /* not JSON */ }
        resolve({ status: res.statusCode, headers: res.headers, text, json });
      });
    });
    req.setTimeout(timeoutMs, () => req.destroy(new Error('timeout')));
    req.on('error', () => resolve({ lost: true }));
    req.end(payload);
  });
}

export class Server {
  constructor(data, options = {}) {
    this.data = data;
    this.options = options;
    this.output = '';
  }

  /** Starts and waits until it is ready. Throws with the program's own words when it ends before. */
  async start({ readyMs = 60000 } = {}) {
    this.port ??= await freePort();
    this.base = `${this.options.tls ? 'https' : 'http'}://127.0.0.1:${this.port}`;
    const args = ['serve', '--data', this.data, '--listen', `127.0.0.1:${this.port}`];
    if (this.options.log) args.push('--log', this.options.log);
    if (this.options.pages) args.push('--pages', this.options.pages);
    args.push(...(this.options.args ?? []));
    this.child = spawn(program(), args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...this.options.env } });
    this.exited = new Promise((resolve) => { this.child.once('exit', (code, signal) => resolve({ code, signal })); });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on('data', (part) => { this.output = (this.output + part).slice(-(this.options.outputMax ?? 20000)); });
    }
    let ended = null;
    this.exited.then((how) => { ended = how; });
    const until = Date.now() + readyMs;
    while (Date.now() < until) {
      if (ended) throw new Error(`the program ended (${ended.code ?? ended.signal}):\n${this.output}`);
      const answer = await request(this.base, 'GET', '/ready', { timeoutMs: 2000 });
      if (answer.status === 200) return this;
      await sleep(15);
    }
    throw new Error(`not ready after ${readyMs} ms:\n${this.output}`);
  }

  async token(account = 'admin') {
    const { stdout } = await run(program(), ['token', '--data', this.data, '--account', account]);
    return stdout.trim().split('\n').at(-1);
  }

  async kill() {
    this.child.kill('SIGKILL');
    return this.exited;
  }

  async stop() {
    this.child.kill('SIGTERM');
    return this.exited;
  }
}

// ---- PostgreSQL of our own -------------------------------------------------------------------------------------------

const kBin = '/usr/lib/postgresql/15/bin';
export const hasPostgres = () => fs.existsSync(`${kBin}/initdb`);

// The server refuses to run as root.
function asPostgres(command, args, options = {}) {
  return process.getuid() === 0 ? run('runuser', ['-u', 'postgres', '--', command, ...args], options) : run(command, args, options);
}

export class Postgres {
  async start() {
    this.folder = freshFolder('pg');
    fs.chmodSync(this.folder, 0o777);
    this.data = path.join(this.folder, 'data');
    await asPostgres(`${kBin}/initdb`, ['-D', this.data, '-A', 'trust', '-U', 'postgres', '--no-sync'], { cwd: this.folder });
    return this.startAgain();
  }

  async startAgain() {
    const options = `-c listen_addresses='' -c unix_socket_directories='${this.folder}' -c shared_buffers=128MB`;
    await asPostgres(`${kBin}/pg_ctl`, ['-D', this.data, '-w', '-l', path.join(this.folder, 'log'), '-o', options, 'start'], { cwd: this.folder });
    return this;
  }

  /** kill -9 of every process of the database, as when the machine goes down. */
  async kill() {
    const main = Number(fs.readFileSync(path.join(this.data, 'postmaster.pid'), 'utf8').split('\n')[0]);
    const children = fs.readFileSync(`/proc/${main}/task/${main}/children`, 'utf8').trim().split(/\s+/).filter(Boolean).map(Number);
    for (const pid of [main, ...children]) {
      try { process.kill(pid, 'SIGKILL'); } catch { /* it ended by itself */ }
    }
    while (fs.existsSync(`/proc/${main}`) && !fs.readFileSync(`/proc/${main}/stat`, 'utf8').includes(') Z ')) await sleep(10);
    // A dead process that nobody has waited for would look alive.
    fs.rmSync(path.join(this.data, 'postmaster.pid'), { force: true });
    for (const file of fs.readdirSync(this.folder)) if (file.startsWith('.s.PGSQL')) fs.rmSync(path.join(this.folder, file));
  }

  /** A new empty database and its URL. */
  async database(name) {
    await asPostgres(`${kBin}/createdb`, ['-h', this.folder, '-U', 'postgres', name], { cwd: this.folder });
    return `postgresql:///${name}?host=${encodeURIComponent(this.folder)}&user=postgres`;
  }

  async stop() {
    await asPostgres(`${kBin}/pg_ctl`, ['-D', this.data, '-m', 'fast', '-w', 'stop'], { cwd: this.folder }).catch(() => {});
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The same generator everywhere: splitmix64 of a seed, as numbers in [0, bound). */
export function seeded(seed) {
  let state = BigInt(seed);
  const mask = (1n << 64n) - 1n;
  return (bound) => {
    state = (state + 0x9e3779b97f4a7c15n) & mask;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
    z ^= z >> 31n;
    return Number(z % BigInt(bound));
  };
}
