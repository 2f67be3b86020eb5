// What `./tk demo` starts: the program as it is shipped, the pages, the town, and the passwords that it prints. TK_PROGRAM is of preset release.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { freePort, freshFolder, program, request, root } from '../lib/server.mjs';

const kReadyMs = 120_000;

/** Starts the demo and answers what it printed once it says that it runs. */
async function demo(data, listen) {
  const child = spawn(path.join(root, 'tools/demo.sh'), [program(), path.join(root, 'ui/dist'), data, listen], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let out = '';
  const ended = new Promise((done) => { child.once('exit', (code) => done(code)); });
  const ready = new Promise((done, fail) => {
    const late = setTimeout(() => fail(new Error(`not ready: ${out}`)), kReadyMs);
    const more = (text) => {
      out += text;
      if (/enter 38\.2:\n\s+\S+/.test(out)) { clearTimeout(late); done(); }
    };
    child.stdout.setEncoding('utf8').on('data', more);
    child.stderr.setEncoding('utf8').on('data', more);
    child.once('exit', (code) => { clearTimeout(late); fail(new Error(`ended with ${code}: ${out}`)); });
  });
  const stop = async () => {
    try { process.kill(-child.pid, 'SIGINT'); } catch { /* it has ended already */ }
    return ended;
  };
  try {
    await ready;
  } catch (error) {
    await stop();
    throw error;
  }
  return { out, stop };
}

describe('the demo', () => {
  const data = freshFolder('demo');
  let running;
  after(async () => {
    await running?.stop();
    fs.rmSync(data, { recursive: true, force: true });
  });

  test('comes up with a town, both accounts sign in with the printed passwords, and a second start has the same data', async () => {
    let people;
    for (let start = 1; start <= 2; start++) {
      const listen = `127.0.0.1:${await freePort()}`, base = `http://${listen}`;
      running = await demo(data, listen);
      for (const page of ['/work/', '/m/']) {
        const answer = await request(base, 'GET', page, { headers: { accept: 'text/html' } });
        assert.equal(answer.status, 200, page);
        assert.match(answer.text, /<script|<main|<div id=/, page);
      }
      for (const account of ['desk', 'gate']) {
        const password = new RegExp(`^ +${account} +(\\S+)$`, 'm').exec(running.out)?.[1];
        assert.ok(password, running.out);
        const signed = await request(base, 'POST', '/auth/sign-in', { body: { account, password }, headers: { 'content-type': 'application/json' } });
        assert.equal(signed.status, 200, signed.text);
      }
      const token = fs.readFileSync(path.join(data, 'demo-token.txt'), 'utf8').trim();
      const found = await request(base, 'GET', '/fhir/Patient?_summary=count', { token });
      assert.ok(found.json.total >= 300, found.text);
      people ??= found.json.total;
      assert.equal(found.json.total, people);
      await running.stop();
      assert.deepEqual(await request(base, 'GET', '/health/ready'), { lost: true }, 'it has let go of its port');
    }
  });
});
