// Signing in at the pages' own routes, step by step, as their scripts do it; and codes of an authenticator app.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { request } from './server.mjs';

/** The code of a key in base32 (RFC 6238: SHA-1, 30 s, 6 digits); `off` steps from now. */
export function totp(secret, off = 0, atMs = Date.now()) {
  let bits = '';
  for (const c of secret.replace(/ /g, '')) bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c.toUpperCase()).toString(2).padStart(5, '0');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(atMs / 30000) + off));
  const mac = crypto.createHmac('sha1', key).update(counter).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0');
}

/** A browser's tab: keeps the cookie, marks its requests as the pages do. */
export class Tab {
  constructor(server, agent = 'Mozilla/5.0 (Windows NT 10.0) Chrome/120.0 Safari/537.36') { Object.assign(this, { server, agent, cookie: '' }); }
  async ask(method, target, body, headers = {}) {
    const answer = await request(this.server.base, method, target, { body, headers: { 'user-agent': this.agent, 'x-tongkang': '1', ...(this.cookie ? { cookie: this.cookie } : {}), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers } });
    for (const line of answer.headers?.['set-cookie'] ?? []) this.cookie = line.startsWith('tk_session=;') ? '' : line.split(';')[0];
    return answer;
  }
  auth(step, body) { return this.ask('POST', `/auth/${step}`, body); }
  me() { return this.ask('GET', '/auth/me'); }
  signIn(account, password) { return this.auth('sign-in', { account, password }); }
}

/** The codes that a server with --sms simulated has sent, newest last: [{ to, code }]. */
export function textsOf(data) {
  const file = path.join(data, 'sms_simulated.jsonl');
  if (!fs.existsSync(file)) return [];
  return fs.readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line)).map(({ to, text }) => ({ to, code: text.match(/\d{6}/)[0] }));
}
