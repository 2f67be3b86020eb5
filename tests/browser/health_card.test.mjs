// The health card where people meet it: the holder's phone shows a code that renews itself, the desk scans it once; a replay, a loss and a lost network are told
// in words. Against a real program only: the test double has no cards.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { checkAxe, freshNumber, kDesk, kPhone, kReal, openBrowser, openPage, until } from './lib.mjs';
import { addAccount } from './program.mjs';

const { PROGRAM, DATA, ADMIN_TOKEN } = process.env;

/** As the administrator, past the pages. */
async function tell(method, path, body) {
  const answer = await fetch(kReal + path, { method, headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': path.startsWith('/fhir') ? 'application/fhir+json' : 'application/json' }, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

describe('the health card', { skip: PROGRAM && DATA ? false : 'needs a program: let run.mjs start it' }, () => {
  let browser, holder, desk, person;
  const code = () => holder.page.locator('.hc-qr').getAttribute('data-code');
  const shownCode = () => until('a code', code);
  const scan = async (text) => {
    await desk.page.getByLabel('扫码枪扫入').fill(text);
    await desk.page.keyboard.press('Enter');
  };
  const verdict = (word) => desk.page.locator('.hv-result .hv-word', { hasText: word }).waitFor();

  before(async () => {
    browser = await openBrowser();
    const number = freshNumber(5);
    person = (await tell('POST', '/fhir/Patient', { resourceType: 'Patient', name: [{ text: '何小明' }], identifier: [{ system: 'http://tongkang.dev/fhir/sid/cn-resident-id', value: number }],
      meta: { tag: [{ system: 'http://tongkang.dev/fhir/sid/area', code: '380102' }] } })).id;
    await tell('POST', '/app/health-card/issue', { patient: `Patient/${person}`, identity: number });
    const password = addAccount(PROGRAM, DATA, 'card', 'card-desk', '380102', '健康卡窗口');
    const open = async (viewport, path) => {
      const opened = await openPage(browser, viewport);
      await opened.page.goto(kReal + path);
      await opened.page.getByLabel('账号').fill('card');
      await opened.page.getByLabel('密码', { exact: true }).fill(password);
      await opened.page.keyboard.press('Enter');
      return opened;
    };
    holder = await open(kPhone, `/m/health-card?person=${person}`);
    desk = await open(kDesk, '/work/');
    await desk.page.getByRole('link', { name: '电子健康卡' }).click();
    await desk.page.getByText('等待扫码').waitFor();
  });
  after(async () => {
    await holder?.done();
    await desk?.done();
    await browser?.close();
  });

  test('a code is shown with the seconds that are left, and scanned once', async () => {
    const first = await shownCode();
    assert.match(first, /^TK:[A-Z2-7]{149}$/);
    await holder.page.getByText('秒后自动更新').waitFor();
    await checkAxe(holder.page, 'card');
    await scan(first);
    await verdict('有效');
    await desk.page.getByText('何**').waitFor();
    await checkAxe(desk.page, 'valid');
    await scan(first);
    await verdict('这个码已经用过');
    await checkAxe(desk.page, 'used before');
  });

  test('the code renews itself before it ends', async () => {
    await holder.page.clock.install();
    await holder.page.reload();
    const before = await shownCode();
    await holder.page.clock.fastForward(51_000);
    await until('another code', async () => {
      await holder.page.clock.runFor(500);
      const now = await code();
      return now && now !== before;
    });
    await scan(await code());
    await verdict('有效');
    await holder.page.clock.resume();
  });

  test('without network the desk says so, and takes a code only once all the same', async () => {
    await desk.page.getByText('断网时可核验').waitFor();
    await desk.context.setOffline(true);
    const last = await shownCode();
    await holder.page.getByRole('button', { name: '换一个码' }).click();
    const fresh = await until('a new code', async () => ((await code()) !== last ? code() : null));
    await scan(fresh);
    await verdict('有效（离线）');
    await desk.page.getByText('只核对签名、时间').waitFor();
    await checkAxe(desk.page, 'offline');
    await scan(fresh);
    await verdict('这个码已经用过');
    await desk.context.setOffline(false);
  });

  test('a loss is dead at once, on the phone and at the desk', async () => {
    const last = await shownCode();
    await holder.page.getByRole('button', { name: '打印静态码' }).click();
    await holder.page.getByRole('img', { name: /静态健康码二维码/ }).waitFor();
    await checkAxe(holder.page, 'print');
    await holder.page.keyboard.press('Escape');
    await holder.page.getByRole('button', { name: '挂失' }).click();
    await checkAxe(holder.page, 'loss');
    await holder.page.getByRole('button', { name: '确认挂失' }).click();
    await holder.page.getByText('补卡请带有效证件').waitFor();
    await scan(last);
    await verdict('卡已挂失');
    await checkAxe(desk.page, 'lost');
  });

  test('in English there is no Chinese left but names', async () => {
    await desk.page.getByRole('button', { name: 'English' }).click();
    await desk.page.getByText('Card reported lost').waitFor();
    for (const selector of ['.hv-ask', '.hv-result'])
      assert.doesNotMatch((await desk.page.locator(selector).innerText()).replaceAll(/何\*+/g, ''), /\p{Script=Han}/u);
  });
});
