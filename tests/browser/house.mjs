// A program of a test file's own with accounts that sign in by password, and the browser before it: what the tests of pages share that the test double cannot serve.
// house.open() in `before`, house.close() in `after`; `house.real` goes to each test and skips it where no program is built.
// PICTURES=DIR keeps a picture of each state that a test asks for.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { freshFolder, program, request, Server } from '../lib/server.mjs';
import { openBrowser, openPage } from './lib.mjs';

export const kPassword = 'bitter melon 77';

function builtProgram() {
  try { return process.env.PROGRAM ?? program(); } catch { return null; }
}

export class House {
  /** `name`: of its data folder and its pictures. `accounts`: [name, ...arguments of account add] each. */
  constructor(name, accounts, serve = {}) {
    Object.assign(this, { name, accounts, serve, built: builtProgram() });
    this.real = { skip: this.built ? false : 'needs the program: ./tk build once' };
  }

  /** `account` with arguments, of this house. */
  account(args, input = kPassword) {
    return execFileSync(this.built, ['account', ...args, '--data', this.data], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] }).trim();
  }

  /** `prepare` may put files into the data folder before the program starts. */
  async open(prepare = () => {}) {
    if (!this.built) return;
    process.env.TK_PROGRAM ??= this.built;
    this.data = freshFolder(this.name);
    for (const [name, ...args] of this.accounts) this.account(['add', name, ...args]);
    await prepare();
    this.browser = await openBrowser();
    this.server = await new Server(this.data, { pages: path.resolve(import.meta.dirname, '../../ui/dist'), ...this.serve }).start();
    this.token = await this.server.token();
  }

  async close() {
    await this.browser?.close();
    await this.server?.stop();
    if (this.data) fs.rmSync(this.data, { recursive: true, force: true });
  }

  get base() { return this.server.base; }

  /** As the administrator, of the FHIR API; answers the body. */
  async ask(method, target, body, headers = {}) {
    const answer = await request(this.base, method, `/fhir/${target}`, { token: this.token, body, headers });
    assert.ok(answer.status < 300, `${method} ${target}: ${answer.status} ${answer.text}`);
    return answer.json;
  }

  async picture(page, name) {
    if (process.env.PICTURES) await page.screenshot({ path: path.join(process.env.PICTURES, `${this.name}-${name}.png`) });
  }

  /** A page of its own, signed in as `who`, at `where`. */
  async enter(viewport, who, where) {
    const opened = await openPage(this.browser, viewport);
    await opened.page.goto(this.base + where);
    await opened.page.getByLabel('账号').fill(who);
    await opened.page.getByLabel('密码', { exact: true }).fill(kPassword);
    await opened.page.keyboard.press('Enter');
    return opened;
  }
}

/** Nothing stands beside the page. */
export const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
