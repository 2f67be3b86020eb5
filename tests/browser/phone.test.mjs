// The phone page: find, ask, measure, save, next; by keyboard, without network, with wrong input.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { accountFor, checkAxe, failing, freshNumber, kPhone, openBrowser, openPage, openServer, registerOrFind, seeded, signIn, typeNumber, until } from './lib.mjs';

let browser;
let server;
before(async () => {
  browser = await openBrowser();
  server = await openServer();
});
after(async () => {
  await browser.close();
  await server.close();
});

// One test's failure must not become the next one's.
let opened;
afterEach(async () => {
  server.world?.setDown(false);
  await opened?.context.close();
});

async function atGate() {
  opened = await openPage(browser, kPhone);
  await signIn(opened.page, server.base, '/m/', 'gate');
  await opened.page.getByText('查找下一位').waitFor();
  return opened;
}
const button = (page, name) => page.getByRole('button', { name, exact: true });
/** What waits, opened while it surely waits: once the way is free the outbox empties by itself, and its button says something else. */
async function openOutbox(page) {
  await page.getByRole('button', { name: /条待传/ }).click();
  await page.getByRole('dialog').getByText('℃').waitFor();
}
async function openEmptyOutbox(page) {
  await button(page, '已全部上传').click();
  await page.getByText('没有等着上传的').waitFor();
}
/** In the open outbox. It may send by itself before the button is reached; and a press during a try that is failing only joins that try. */
async function allSent(page) {
  const empty = page.getByText('没有等着上传的');
  await until('an empty outbox', async () => {
    if (await empty.isVisible()) return true;
    await button(page, '现在上传').click({ timeout: 1000 }).catch(() => undefined);
    return false;
  });
}
/** Oldest first. */
const readings = async () => (await server.world.all('Observation')).sort((a, b) => a.meta.lastUpdated.localeCompare(b.meta.lastUpdated));

test('a number is checked as it is typed', async () => {
  const { page, done } = await atGate();
  const right = freshNumber(1);
  const wrong = right.slice(0, 17) + (right[17] === '5' ? '6' : '5');
  await typeNumber(page, wrong);
  await page.getByText('号码对不上校验位').waitFor();
  assert.equal(await button(page, '请先改好号码').isDisabled(), true);
  await checkAxe(page, 'wrong number');
  for (let i = 0; i < 12; i += 1) await page.keyboard.press('Backspace');
  await page.getByText('还差 12 位').waitFor();
  await done();
});

test('an unknown number offers a minimal record with sex and birth date from the card', async () => {
  const { page, done } = await atGate();
  const number = freshNumber(2);
  await typeNumber(page, number);
  await page.getByText('系统里没有这个号码').waitFor();
  await checkAxe(page, 'register');
  assert.equal((await page.locator('main').innerText()).includes(number), false);
  await button(page, '建档并量体温').click();
  await page.getByText('请填姓名').waitFor();
  await page.getByLabel('姓名').fill('秦小满');
  await button(page, '建档并量体温').click();
  await page.getByRole('heading', { name: /秦\*满/ }).waitFor();
  await page.getByText('没有记录').waitFor();
  const text = await page.locator('main').innerText();
  assert.match(text, /秦\*满/);
  assert.doesNotMatch(text, /秦小满/);
  assert.match(text, new RegExp(`3801 \\*\\*\\*\\* \\*\\*\\*\\* ${number.slice(14)}`));
  await checkAxe(page, 'measure, nothing entered');
  await done();
});

test('a normal temperature is saved and the next person is up', async () => {
  const { page, done } = await atGate();
  await registerOrFind(page, freshNumber(3), '安宁');
  await page.keyboard.type('365');
  await page.getByText('可以放行').waitFor();
  await checkAxe(page, 'normal');
  await button(page, '登记，查下一位').click();
  await page.getByText('36.5 ℃ 已记下').waitFor();
  await page.getByText('已上传', { exact: true }).waitFor();
  await page.getByText('查找下一位').waitFor();
  await checkAxe(page, 'saved');
  if (server.world) {
    const last = (await readings()).at(-1);
    assert.equal(last.valueQuantity.value, 36.5);
    assert.equal(last.component[0].code.coding[0].code, 'none');
  }
  await typeNumber(page, freshNumber(3));
  await page.getByText('36.5 ℃').waitFor();
  await page.getByText('没有不舒服', { exact: true }).waitFor();
  await done();
});

test('the strip and the button tell what will happen before it does', async () => {
  const { page, done } = await atGate();
  await registerOrFind(page, freshNumber(4), '白露');
  assert.equal(await button(page, '还差体温').isDisabled(), true);
  await page.keyboard.type('372');
  await page.getByText('可以放行').waitFor();
  await button(page, '咳嗽').click();
  await page.getByText('体温正常，但咳嗽').waitFor();
  await checkAxe(page, 'symptom');
  await page.keyboard.type('373');
  await page.getByText('先别放行').waitFor();
  await button(page, '登记并转随访，查下一位').waitFor();
  await checkAxe(page, 'fever');
  await page.getByRole('button', { name: /发热/ }).click();
  await page.getByText('37.3 ℃ 或更高').waitFor();
  await checkAxe(page, 'the rule behind the verdict');
  await page.keyboard.press('Escape');
  await page.keyboard.type('476');
  await page.getByText('体温应在 34.0 到 43.0 之间').waitFor();
  assert.equal(await button(page, '请先改好体温').isDisabled(), true);
  assert.equal(await button(page, '咳嗽').getAttribute('aria-pressed'), 'true');
  await checkAxe(page, 'impossible temperature');
  await done();
});

test('works with the keyboard alone', async () => {
  const { page, done } = await atGate();
  await registerOrFind(page, freshNumber(5), '常青');
  await page.keyboard.type('36');
  await page.keyboard.press('Backspace');
  await page.keyboard.type('68');
  await page.getByText('可以放行').waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('36.8 ℃ 已记下').waitFor();
  await done();
});

test('without network nothing is lost and nothing is sent twice', seeded, async () => {
  const { page, done } = await atGate();
  await registerOrFind(page, freshNumber(6), '丁香');
  await page.keyboard.type('366');
  const before = (await readings()).length;
  server.world.setDown(true);
  await button(page, '登记，查下一位').click();
  await page.getByText('离线·1 条待传').waitFor();
  await checkAxe(page, 'offline');
  await typeNumber(page, freshNumber(7));
  await page.getByText('暂时查不到').waitFor();
  await openOutbox(page);
  await page.getByText('丁* 36.6 ℃').last().waitFor();
  await checkAxe(page, 'outbox');
  server.world.setDown(false);
  await allSent(page);
  assert.equal((await readings()).length, before + 1);
  await done();
});

test('what waits outlives the page', seeded, async () => {
  const { page, done } = await atGate();
  await registerOrFind(page, freshNumber(8), '方舟');
  await page.keyboard.type('367');
  const mend = await failing(page, '**/fhir/Observation', 'POST', 503);
  const before = (await readings()).length;
  await button(page, '登记，查下一位').click();
  await page.getByText('1 条待传').waitFor();
  await page.reload();
  await page.getByText('1 条待传').waitFor();
  await openOutbox(page);
  assert.equal((await readings()).length, before);
  await mend();
  await allSent(page);
  assert.equal((await readings()).length, before + 1);
  await done();
});

test('a lost answer does not make a second record', seeded, async () => {
  const { page, done } = await atGate();
  await registerOrFind(page, freshNumber(9), '高原');
  await page.keyboard.type('369');
  const before = (await readings()).length;
  // The program stores it, but its answer never arrives; and no further try gets through before we have looked.
  let lost = 0;
  let free = false;
  await page.route('**/fhir/Observation', async (route) => {
    if (free) return route.continue();
    if (lost === 0) await route.fetch();
    lost += 1;
    return route.abort();
  });
  await button(page, '登记，查下一位').click();
  await page.getByText('离线·1 条待传').waitFor();
  assert.equal((await readings()).length, before + 1);
  await openOutbox(page);
  free = true;
  await allSent(page);
  assert.ok(lost > 0);
  assert.equal((await readings()).length, before + 1);
  await done();
});

test('however often the button is pressed, one record is made', seeded, async () => {
  const { page, done } = await atGate();
  await registerOrFind(page, freshNumber(15), '路遥');
  await page.keyboard.type('362');
  await button(page, '登记，查下一位').waitFor();
  const before = (await readings()).length;
  const presses = await page.evaluate(() => new Promise((all) => {
    let n = 0;
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      const go = document.querySelector('.sm-go');
      if (go?.textContent !== '登记，查下一位') return all(n);
      go.click();
      n += 1;
      return port2.postMessage(0);
    };
    port2.postMessage(0);
  }));
  await page.getByText('已上传', { exact: true }).waitFor();
  await openEmptyOutbox(page);
  assert.ok(presses > 1);
  assert.equal((await readings()).length, before + 1);
  await done();
});

test('an ended session asks again and keeps what was entered', seeded, async () => {
  const { page, done } = await atGate();
  await registerOrFind(page, freshNumber(10), '黄河');
  await page.keyboard.type('364');
  await server.world.endSessions(accountFor('gate').account);
  // A running program takes the word from its accounts within a second.
  await until('the session has ended', () => page.evaluate(async () => (await fetch('/auth/me')).status === 401));
  await button(page, '登记，查下一位').click();
  await page.getByText('登录已过期，请再登录一次').first().waitFor();
  await checkAxe(page, 'session ended');
  const before = (await readings()).length;
  await page.getByLabel('账号').fill(accountFor('gate').account);
  await page.getByLabel('密码', { exact: true }).fill(accountFor('gate').password);
  await page.keyboard.press('Enter');
  await page.getByText('已上传', { exact: true }).waitFor();
  assert.equal((await readings()).length, before + 1);
  await done();
});

test('a slip is taken back: marked as an error, not deleted', async () => {
  const { page, done } = await atGate();
  await registerOrFind(page, freshNumber(11), '金山');
  await page.keyboard.type('363');
  await button(page, '登记，查下一位').click();
  await page.getByText('已上传', { exact: true }).waitFor();
  await button(page, '记错了').click();
  await page.getByText('已标为录入错误').waitFor();
  if (server.world) assert.equal((await readings()).at(-1).status, 'entered-in-error');
  await done();
});

test('the back key leads back to the search, a reload keeps what was entered', async () => {
  const { page, done } = await atGate();
  await registerOrFind(page, freshNumber(13), '柳青');
  await page.keyboard.type('37');
  await button(page, '没力气').click();
  await page.reload();
  await page.getByRole('heading', { name: /柳/ }).waitFor();
  assert.equal(await button(page, '没力气').getAttribute('aria-pressed'), 'true');
  await page.keyboard.type('1');
  await page.getByText('体温正常，但没力气').waitFor();
  await page.goBack();
  await page.getByText('查找下一位').waitFor();
  await typeNumber(page, freshNumber(13));
  await page.getByText('体温正常，但没力气').waitFor();
  await page.getByRole('button', { name: '回去查找' }).click();
  // The number is still there to be corrected; the next digit begins a new one.
  await page.getByText('号码对，可以查找').waitFor();
  await typeNumber(page, freshNumber(13));
  await page.getByText('体温正常，但没力气').waitFor();
  await button(page, '登记，查下一位').click();
  await page.getByText('37.1 ℃ 已记下').waitFor();
  assert.equal(new URL(page.url()).search, '');
  await registerOrFind(page, freshNumber(13), '柳青');
  await button(page, '还差体温').waitFor();
  await button(page, '不是本人').click();
  await page.getByText('从第 1 位开始按').waitFor();
  await done();
});

test('no card number and no name in any URL', seeded, async () => {
  const { page, done } = await atGate();
  const asked = [];
  page.on('request', (r) => asked.push(decodeURIComponent(r.url())));
  await registerOrFind(page, freshNumber(14), '杜若');
  await page.keyboard.type('365');
  await button(page, '登记，查下一位').click();
  await page.getByText('已上传', { exact: true }).waitFor();
  await done();
  const urls = asked.join('\n');
  assert.ok(urls.length > 0);
  assert.doesNotMatch(urls, /3801\d{13}/);
  assert.doesNotMatch(urls, /\p{Script=Han}/u);
});

for (const [width, height] of [[360, 640], [360, 780], [390, 844], [412, 915]]) {
  test(`the button is in reach on ${width}x${height}`, async () => {
    const { page, done } = await atGate();
    await page.setViewportSize({ width, height });
    const inView = async (locator) => {
      const box = await locator.boundingBox();
      assert.ok(box && box.y + box.height <= height && box.x >= 0 && box.x + box.width <= width, `${JSON.stringify(box)}`);
    };
    await inView(page.locator('.sm-go'));
    await registerOrFind(page, freshNumber(12), '欧阳凌云');
    await page.keyboard.type('376');
    await inView(button(page, '登记并转随访，查下一位'));
    // As with a wide font or large letters: lines break, the page grows longer than the screen.
    await page.evaluate(() => { document.body.style.letterSpacing = '1em'; });
    await inView(button(page, '登记并转随访，查下一位'));
    await page.evaluate(() => { document.body.style.letterSpacing = ''; });
    const small = await page.$$eval('button:not(.sm-verdict), a', (all) => all.filter((b) => b.offsetParent && (b.offsetHeight < 47.5 || b.offsetWidth < 47.5)).map((b) => b.className + b.textContent));
    assert.deepEqual(small, [], 'touch targets of at least 48 px');
    await done();
  });
}
