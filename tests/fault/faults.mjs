// What can happen to disks, clocks and databases, played on the real program. Each function returns { name, problems, figures, skipped }.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freshFolder, Postgres, program, request, seeded, Server, sleep } from '../lib/server.mjs';

const kSystem = 'http://tongkang.dev/test/fault';
const observation = (n, extra = {}) => ({ resourceType: 'Observation', status: 'final', identifier: [{ system: kSystem, value: `n${n}` }],
  code: { text: 'fault' }, valueInteger: n, ...extra });

/** Numbered durable writes against one server, and the check that what was acknowledged is there once. */
class Journal {
  constructor(server) { this.server = server; this.next = 1; this.acknowledged = new Set(); this.open = new Set(); this.refusals = new Map(); this.problems = []; }
  async begin() { this.token = await this.server.token(); return this; }
  ask(method, target, options = {}) { return request(this.server.base, method, `/fhir${target}`, { token: this.token, ...options }); }
  problem(text) { if (this.problems.length < 20) this.problems.push(text); }

  async write(n = this.next++, extra = {}) {
    this.open.add(n);
    const answer = await this.ask('POST', '/Observation', { body: observation(n, extra), headers: { 'idempotency-key': `n${n}` } });
    if (answer.status === 201 || answer.status === 200) { this.acknowledged.add(n); this.open.delete(n); }
    else if (answer.lost) this.refusals.set('lost', (this.refusals.get('lost') ?? 0) + 1);
    else {
      const text = answer.json?.issue?.[0]?.diagnostics ?? answer.text;
      this.refusals.set(`${answer.status} ${text}`, (this.refusals.get(`${answer.status} ${text}`) ?? 0) + 1);
      if (answer.status !== 503 && answer.status !== 429) this.problem(`a write was answered ${answer.status}: ${text}`);
    }
    return answer;
  }
  /** Sends again what was not acknowledged, under its key. */
  async resend() {
    for (const n of [...this.open]) {
      const answer = await this.write(n);
      if (this.open.has(n)) this.problem(`n${n} is still refused: ${answer.status} ${(answer.text ?? '').slice(0, 200)}`);
    }
  }
  async check() {
    for (const n of this.acknowledged) {
      const answer = await this.ask('GET', `/Observation?identifier=${encodeURIComponent(`${kSystem}|n${n}`)}&_summary=count`);
      if (answer.json?.total !== 1) this.problem(`n${n} was acknowledged and is there ${answer.json?.total ?? `(${answer.status})`} times`);
    }
    const all = await this.ask('GET', '/Observation?_summary=count');
    const most = this.acknowledged.size + this.open.size;
    if (!(all.json?.total >= this.acknowledged.size && all.json?.total <= most)) this.problem(`${all.json?.total} are there, of ${this.acknowledged.size} to ${most}`);
  }
  result(name, figures = {}) { return { name, problems: this.problems, figures: { acknowledged: this.acknowledged.size, ...figures } }; }
}

async function withServer(name, options, play) {
  const data = options.data ?? freshFolder(name);
  const server = new Server(data, options);
  try {
    await server.start();
    return await play(server, await new Journal(server).begin(), data);
  } finally {
    await server.kill();
    if (!options.data) fs.rmSync(data, { recursive: true, force: true });
  }
}

// ---- disk full -------------------------------------------------------------------------------------------------------

export async function diskFull() {
  const name = 'disk full';
  const folder = freshFolder('full'), audit = freshFolder('full-audit');
  const release = () => { for (const each of [folder, audit]) fs.rmSync(each, { recursive: true, force: true }); };
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    release();
    return { name, problems: [], figures: {}, skipped: 'a small file system cannot be mounted here' };
  }
  try {
    const data = path.join(folder, 'data');
    fs.mkdirSync(data);
    fs.symlinkSync(audit, path.join(data, 'audit'));   // without a record nothing is served, so the audit has a disk of its own
    const ballast = path.join(folder, 'ballast');
    fs.writeFileSync(ballast, Buffer.alloc(8 << 20, 1));
    return await withServer('full', { data }, async (server, journal) => {
      const random = seeded(5);
      const noise = () => ({ note: [{ text: Array.from({ length: 4000 }, () => random(2 ** 30).toString(36)).join('') }] });
      let refused = null;
      for (let i = 0; i < 3000 && refused === null; i++) {
        const answer = await journal.write(undefined, noise());
        if (answer.status === 503) refused = answer;
      }
      const text = refused?.json?.issue?.[0]?.diagnostics ?? '';
      if (refused === null) journal.problem('the disk never was full');
      else if (!/full/.test(text)) journal.problem(`the refusal does not name the cause: ${refused.text.slice(0, 300)}`);
      for (let i = 0; i < 10; i++) await journal.write(undefined, noise());
      await journal.check();      // reads go on
      fs.rmSync(ballast);
      let goes = false;
      for (let i = 0; i < 100 && !goes; i++) {
        goes = (await journal.write()).status === 201;
        if (!goes) await sleep(100);
      }
      if (!goes) journal.problem('writes do not go on after space was freed');
      await journal.resend();
      await journal.check();
      await server.kill();
      await server.start();
      await journal.check();
      return journal.result(name, { refusal: text, refused: [...journal.refusals.values()].reduce((a, b) => a + b, 0) });
    });
  } finally {
    execFileSync('umount', [folder]);
    release();
  }
}

/**
 * The same with the audit on the full disk: a read is answered and in the audit, or refused with 503 that says why. When space
 * comes back all goes on by itself, and the audit has every answer that was given.
 */
export async function diskFullWithAudit() {
  const name = 'disk full, audit on it';
  const folder = freshFolder('full-both');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    fs.rmSync(folder, { recursive: true, force: true });
    return { name, problems: [], figures: {}, skipped: 'a small file system cannot be mounted here' };
  }
  const data = path.join(folder, 'data'), ballast = path.join(folder, 'ballast');
  fs.mkdirSync(data);
  const fill = () => {
    const out = fs.openSync(ballast, 'a');
    try { for (const bytes of [1 << 20, 4096, 1]) for (;;) fs.writeSync(out, Buffer.alloc(bytes, 1)); } catch { /* full for blocks of this size */ } finally { fs.closeSync(out); }
  };
  try {
    return await withServer('full-both', { data }, async (server, journal) => {
      const answered = new Set();
      let refusals = 0;
      const read = async () => {
        const answer = await journal.ask('GET', '/Observation?_summary=count');
        if (answer.status === 200) {
          answered.add(answer.headers['x-request-id']);
          // One that was written and could not be audited was not acknowledged: it is sent again under its key.
          const [least, most] = [journal.acknowledged.size, journal.acknowledged.size + journal.open.size];
          if (!(answer.json?.total >= least && answer.json.total <= most)) journal.problem(`a read counts ${answer.json?.total} of ${least} to ${most}`);
        } else if (answer.status === 503 && /audit/.test(answer.json?.issue?.[0]?.diagnostics ?? '') && Number(answer.headers['retry-after']) > 0) refusals++;
        else journal.problem(`a read on a full disk was answered ${answer.status}: ${(answer.text ?? 'nothing').slice(0, 300)}`);
        return answer.status;
      };
      for (let i = 0; i < 20; i++) await journal.write();
      for (let round = 0; round < 3; round++) {
        await read();
        fill();
        // Reads go on until the audit has no room for one more; a page of records is a few hundred.
        let status = 200;
        for (let i = 0; i < 30_000 && status === 200; i++) status = await read();
        if (status !== 503) journal.problem('the audit never was without room');
        for (let i = 0; i < 20; i++) { await read(); await journal.write(); }
        if ((await request(server.base, 'GET', '/health')).status !== 200) journal.problem('the program does not say that it is alive');
        fs.rmSync(ballast);
        let goes = false;
        for (let i = 0; i < 600 && !goes; i++) {
          goes = (await read()) === 200 && (await journal.write()).status === 201;
          if (!goes) await sleep(50);
        }
        if (!goes) journal.problem('it does not go on after space was freed');
        await journal.resend();
      }
      await journal.check();
      await server.stop();
      const lines = fs.readdirSync(path.join(data, 'audit')).filter((file) => file.endsWith('.jsonl')).map((file) => fs.readFileSync(path.join(data, 'audit', file), 'utf8')).join('');
      const recorded = new Set([...lines.matchAll(/"request":"([^"]+)"/g)].map((m) => m[1]));
      const missing = [...answered].filter((id) => !recorded.has(id));
      if (missing.length > 0) journal.problem(`${missing.length} of ${answered.size} answered reads are not in the audit`);
      execFileSync(program(), ['audit', 'verify', '--data', data], { stdio: 'ignore' });
      await server.start();
      await journal.check();
      return journal.result(name, { reads: answered.size, refused: refusals });
    });
  } finally {
    execFileSync('umount', [folder]);
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

// ---- torn tail -------------------------------------------------------------------------------------------------------

export async function tornTail(rounds = 4) {
  return withServer('torn', {}, async (server, journal, data) => {
    const random = seeded(6);
    const wal = path.join(data, 'log.db-wal');
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < 20; i++) await journal.write();
      await server.kill();
      if (!fs.existsSync(wal)) { journal.problem('there is no write-ahead file to tear'); break; }
      // A write that was never acknowledged: half a frame, or a frame of garbage, behind the last commit.
      fs.appendFileSync(wal, Buffer.from(Array.from({ length: 100 + random(9000) }, () => random(256))));
      await server.start();
      await journal.check();
    }
    // Damage of the medium: synced frames are gone. That is told, and nothing starts; once the operator accepts the loss, what is left is a whole prefix.
    await server.stop();
    await server.start();
    for (let i = 0; i < 30; i++) await journal.write();
    await server.kill();
    const size = fs.statSync(wal).size;
    fs.truncateSync(wal, Math.max(32, Math.floor(size / 2) + random(1000)));
    let told = '';
    await server.start().catch((error) => { told = error.message; });
    if (!/Acknowledged transactions are missing/.test(told) || !/log\.head/.test(told)) journal.problem(`a log that lost its end is not told: ${told.slice(-400)}`);
    fs.rmSync(path.join(data, 'log.head'));    // the operator accepts the loss
    await server.start();
    const count = (await journal.ask('GET', '/Observation?_summary=count')).json?.total;
    if (!(count <= journal.acknowledged.size && count >= rounds * 20)) journal.problem(`after the cut ${count} are there`);
    let seen = 0;
    for (let n = 1; n <= journal.acknowledged.size; n++) {
      const found = (await journal.ask('GET', `/Observation?identifier=${encodeURIComponent(`${kSystem}|n${n}`)}&_summary=count`)).json?.total;
      if (found === 1 && seen !== n - 1) journal.problem(`n${n} is there and one before it is not`);
      if (found === 1) seen = n;
    }
    if (seen !== count) journal.problem(`${count} are counted, ${seen} are found`);
    return journal.result('torn tail', { rounds, leftAfterCut: count });
  });
}

// ---- damaged views ---------------------------------------------------------------------------------------------------

export async function damagedViews() {
  return withServer('views', {}, async (server, journal, data) => {
    const random = seeded(7);
    for (let i = 0; i < 60; i++) await journal.write();
    await server.stop();
    const folder = path.join(data, 'views');
    const files = () => fs.readdirSync(folder, { recursive: true }).map(String).filter((f) => fs.statSync(path.join(folder, f)).isFile()).sort();
    const harm = {
      flip: (file) => { const bytes = fs.readFileSync(file); bytes[random(bytes.length)] ^= 1 << random(8); fs.writeFileSync(file, bytes); },
      cut: (file) => fs.truncateSync(file, random(fs.statSync(file).size)),
      delete: (file) => fs.rmSync(file),
    };
    let harmed = 0;
    for (const [what, damage] of Object.entries(harm)) {
      for (let i = 0; i < files().length; i++) {
        const file = files()[i];
        if (file === undefined) break;
        if (what !== 'delete' && fs.statSync(path.join(folder, file)).size === 0) continue;
        damage(path.join(folder, file));
        harmed++;
        server.output = '';
        await server.start();
        // Its output comes by a pipe, the answer that it is ready by a socket: the line may be on its way still.
        for (let waits = 0; waits < 200 && !/"event":"view-rebuilt"/.test(server.output); waits++) await sleep(10);
        if (!/"event":"view-rebuilt"/.test(server.output)) journal.problem(`${what} of ${file}: nobody is told`);
        const total = (await journal.ask('GET', '/Observation?_summary=count')).json?.total;
        if (total !== journal.acknowledged.size) journal.problem(`${what} of ${file}: ${total} of ${journal.acknowledged.size} are there`);
        const n = 1 + random(60);
        const one = await journal.ask('GET', `/Observation?identifier=${encodeURIComponent(`${kSystem}|n${n}`)}`);
        if (one.json?.entry?.[0]?.resource?.valueInteger !== n) journal.problem(`${what} of ${file}: n${n} is not found`);
        await server.stop();
      }
    }
    await server.start();
    await journal.check();
    return journal.result('damaged views', { harmed });
  });
}

// ---- killed while a view is rebuilt ----------------------------------------------------------------------------------

function crc32c(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

/** Leaves the saved search index as a program of an older extraction would have. */
function makeOutdated(folder) {
  const manifest = path.join(folder, fs.readFileSync(path.join(folder, 'current'), 'utf8').trim(), 'manifest');
  const text = fs.readFileSync(manifest, 'utf8').replace(/^number extraction .*$/m, 'number extraction 0').replace(/crc \d+\n$/, '');
  fs.writeFileSync(manifest, `${text}crc ${crc32c(Buffer.from(text))}\n`);
}

export async function killedWhileRebuilding(rounds = 6) {
  const args = ['--replay-changes-max', '0'];
  return withServer('rebuild', { args }, async (server, journal, data) => {
    const random = seeded(9), folder = path.join(data, 'views/search');
    const fill = async (transactions) => {
      const body = { resourceType: 'Bundle', type: 'transaction',
        entry: Array.from({ length: 100 }, () => ({ request: { method: 'POST', url: 'Basic' }, resource: { resourceType: 'Basic', code: { text: 'fill' } } })) };
      for (let left = transactions; left > 0; left -= 50) {
        const answers = await Promise.all(Array.from({ length: Math.min(left, 50) }, () => journal.ask('POST', '', { body })));
        for (const answer of answers) if (answer.status !== 200) journal.problem(`a transaction was answered ${answer.status}`);
      }
    };
    await fill(200);
    for (let i = 0; i < 30; i++) await journal.write();
    const id = (await journal.write()).json.id;
    await server.stop();
    const seen = { building: 0, rebuilding: 0, serving: 0, killed: 0 };
    const unmet = () => seen.building === 0 || seen.rebuilding === 0;
    for (let round = 0; round < rounds || (unmet() && round < 10); round++) {
      const old = round % 2 === 1;
      if (round >= 2 && unmet()) {  // too fast a machine: there must be more to read
        await server.start();
        await fill(400 * round);
        await server.stop();
      }
      if (old) makeOutdated(folder);
      else fs.rmSync(path.join(folder, 'current'), { force: true });
      // Killed again and again before it is through; then let alone.
      for (let kill = 0; kill < 3; kill++) {
        await server.start({ readyMs: 1 }).catch(() => {});
        for (let i = 0; i < 1000 && (await request(server.base, 'GET', '/health')).status !== 200; i++) await sleep(10);
        const state = (await request(server.base, 'GET', '/ready')).json?.views?.find((view) => view.view === 'search')?.state;
        seen[state] = (seen[state] ?? 0) + 1;
        const answer = await journal.ask('GET', '/Observation?_summary=count');
        const asked = (await request(server.base, 'GET', '/ready')).json?.views?.find((view) => view.view === 'search')?.state;
        if (old && answer.status !== 200) journal.problem(`the old index did not answer: ${answer.status} ${answer.text}`);
        if (state === 'building' && asked === 'building') {
          if (answer.status !== 503 || !answer.headers['retry-after'] || !/being built/.test(answer.text)) journal.problem(`while it is built a search is answered ${answer.status}: ${answer.text}`);
        }
        const read = await journal.ask('GET', `/Observation/${id}`);
        if (read.status !== 200) journal.problem(`a read by id is answered ${read.status} while a view is ${state}`);
        const plain = await journal.ask('POST', '/Basic', { body: { resourceType: 'Basic', code: { text: 'meanwhile' } } });
        if (plain.status !== 201) journal.problem(`a plain write is answered ${plain.status} while a view is ${state}`);
        await journal.write();
        await sleep(random(400));
        await server.kill();
        seen.killed++;
      }
      await server.start();
      const still = async () => (await request(server.base, 'GET', '/ready')).json.views.some((view) => view.state !== 'serving');
      for (let i = 0; i < 2000 && await still(); i++) await sleep(30);
      await journal.resend();
      await journal.check();
      for (let i = 0; i < 200 && fs.readdirSync(folder).length !== 2; i++) await sleep(30);
      if (fs.readdirSync(folder).length !== 2) journal.problem(`old files are still there: ${fs.readdirSync(folder)}`);
      await server.stop();
    }
    if (unmet()) journal.problem(`no start was met while the index was being built, and while it was rebuilt: ${JSON.stringify(seen)}`);
    // An operator asks the running program.
    await server.start();
    const former = fs.readFileSync(path.join(folder, 'current'), 'utf8');
    execFileSync(program(), ['rebuild', '--data', data]);
    let now = former;
    for (let i = 0; i < 1000 && now === former; i++) { await sleep(30); now = fs.readFileSync(path.join(folder, 'current'), 'utf8'); }
    if (now === former) journal.problem('`tongkang rebuild` did nothing');
    await journal.check();
    // The new index is named in `current` a moment before it is switched to.
    let metrics = '';
    const serves = () => /^tongkang_view_state\{view="search"\} 0$/m.test(metrics);
    for (let i = 0; i < 1000 && !serves(); i++) {
      await sleep(30);
      metrics = (await request(server.base, 'GET', '/metrics', { token: journal.token })).text;
    }
    if (!serves()) journal.problem('the metrics do not say that the index serves');
    return journal.result('killed while a view is rebuilt', seen);
  });
}

// ---- clock -----------------------------------------------------------------------------------------------------------

/** The library that moves the program's clock, made of clock_step.c. */
function clockStepLibrary(folder) {
  const library = path.join(folder, 'clock_step.so');
  execFileSync('gcc-12', ['-O1', '-shared', '-fPIC', '-o', library, new URL('clock_step.c', import.meta.url).pathname]);
  return library;
}

export async function clockSteps(perStep = 20) {
  const name = 'clock steps', folder = freshFolder('clock'), hour = 3600;
  const offset = path.join(folder, 'offset');
  fs.writeFileSync(offset, '0\n');
  const env = { LD_PRELOAD: clockStepLibrary(folder), TK_CLOCK_STEP_FILE: offset };
  return withServer('clock', { env }, async (server, journal) => {
    const alarm = async () => /^tongkang_clock_jump_alarm 1$/m.test((await request(server.base, 'GET', '/metrics', { token: journal.token })).text);
    let last = '', steps = 0;
    for (const step of [0, -3 * hour, -hour, 0, 120, 9 * hour, -6 * hour]) {
      if (step === 120) {
        await server.kill();          // the alarm of the way back from -3h to 0 is told; a fresh process has none
        await server.start();
        if (await alarm()) journal.problem('the alarm is up without a jump');
      }
      fs.writeFileSync(offset, `${step}\n`);
      for (let i = 0; i < perStep / 4; i++) {
        const answers = await Promise.all([0, 1, 2, 3].map(() => journal.write()));
        const times = answers.map((answer) => answer.json?.meta?.lastUpdated).sort();
        if (times.some((time) => time === undefined)) journal.problem(`no lastUpdated at ${step}: ${answers[0].status}`);
        else if (!(times[0] > last) || new Set(times).size !== times.length) journal.problem(`lastUpdated does not grow at ${step}: ${last} then ${times}`);
        last = times.at(-1) ?? last;
      }
      if (step === 9 * hour && !(await alarm())) journal.problem('nine hours forward set no alarm');
      steps++;
    }
    await journal.check();
    const history = (await journal.ask('GET', '/_history?_count=1000')).json?.entry ?? [];
    const times = history.map((entry) => entry.response.lastModified);
    for (let i = 1; i < times.length; i++) if (!(times[i] < times[i - 1])) journal.problem(`history: ${times[i - 1]} is not after ${times[i]}`);
    await server.kill();
    await server.start();
    await journal.check();
    return journal.result(name, { steps, versions: times.length });
  });
}

// ---- PostgreSQL ------------------------------------------------------------------------------------------------------

export async function postgresKilled(kills = 3) {
  const postgres = await new Postgres().start();
  try {
    return await withServer('pgkill', { log: await postgres.database('killed') }, async (server, journal) => {
      const random = seeded(8);
      for (let kill = 0; kill < kills; kill++) {
        let running = true;
        const writers = Array.from({ length: 4 }, async () => { while (running) await journal.write(); });
        await sleep(100 + random(300));
        await postgres.kill();
        await sleep(50 + random(500));
        await postgres.startAgain();
        const before = journal.acknowledged.size;
        for (let i = 0; i < 300 && journal.acknowledged.size < before + 20; i++) await sleep(50);
        if (journal.acknowledged.size < before + 20) journal.problem('writes do not go on after the database came back');
        running = false;
        await Promise.all(writers);
        await journal.resend();
        await journal.check();
      }
      return journal.result('PostgreSQL killed', { kills, refusals: Object.fromEntries(journal.refusals) });
    });
  } finally { await postgres.stop(); }
}

export async function twoServers() {
  const postgres = await new Postgres().start();
  const second = freshFolder('second');
  try {
    const log = await postgres.database('two');
    return await withServer('first', { log }, async (older, journal, data) => {
      for (let i = 0; i < 10; i++) await journal.write();
      // One that has not the keys must not take the log from the one that has.
      const stray = freshFolder('stray');
      const ended = spawnSync(program(), ['serve', '--data', stray, '--listen', '127.0.0.1:0', '--log', log], { encoding: 'utf8', timeout: 60_000 });
      fs.rmSync(stray, { recursive: true, force: true });
      if (ended.status !== 1 || !/keys\.db is missing/.test(ended.stderr)) journal.problem(`a server without the keys ended with ${ended.status}: ${ended.stderr}`);
      if ((await journal.write()).status !== 201) journal.problem('a server without the keys has fenced the one that has them');
      for (const file of fs.readdirSync(data)) {
        const from = path.join(data, file);
        if (fs.statSync(from).isFile() && file !== 'tongkang.lock') fs.cpSync(from, path.join(second, file));
      }
      return withServer('second', { log, data: second }, async (newer, after) => {
        after.next = 1000;
        for (let i = 0; i < 10; i++) if ((await after.write()).status !== 201) journal.problem('the newer server does not write');
        // It is idle, and learns it all the same.
        let ready = await request(older.base, 'GET', '/ready');
        for (let i = 0; i < 200 && ready.status !== 503; i++) { await sleep(100); ready = await request(older.base, 'GET', '/ready'); }
        if (ready.status !== 503 || !/another server has taken over/.test(ready.text)) journal.problem(`the older server, idle, answers ${ready.status} to /ready: ${ready.text}`);
        const refused = await journal.write();
        if (refused.status !== 503 || !/another server has taken over/i.test(refused.text)) journal.problem(`the older server answered ${refused.status}: ${refused.text}`);
        if ((await request(older.base, 'GET', '/fhir/Observation?_summary=count', { token: journal.token })).status !== 503) journal.problem('the older server still answers from what may be behind');
        if (!/"event":"fenced"/.test(older.output)) journal.problem('the older server does not say in its log that it is fenced');
        for (let i = 0; i < 10; i++) await after.write();
        for (const n of journal.acknowledged) after.acknowledged.add(n);
        await after.check();
        return journal.result('two servers on one log', { newer: after.acknowledged.size, problems: journal.problems.push(...after.problems) });
      });
    });
  } finally {
    await postgres.stop();
    fs.rmSync(second, { recursive: true, force: true });
  }
}

export const machine = () => `${os.cpus().length} × ${os.cpus()[0]?.model ?? 'processor'}, ${os.release()}`;
