// What the post may not do is not offered, and the reason stands there in words; a refusal that comes all the same is said in the page's language.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { checkAxe, failing, freshNumber, kDesk, kPhone, openBrowser, openPage, openServer, seeded, signIn, typeNumber, untilCount } from './lib.mjs';
import { seedFevers } from './people.mjs';

const kDoor = '/work/';

describe('rights', seeded, () => {
  let browser;
  let server;
  let opened;
  let page;
  before(async () => (browser = await openBrowser()));
  after(() => browser.close());
  beforeEach(async () => {
    server = await openServer(2);
    opened = null;
  });
  afterEach(async () => {
    await opened?.done();
    await server.close();
  });

  async function open(viewport, path, role) {
    opened = await openPage(browser, viewport);
    page = opened.page;
    await signIn(page, server.base, path, role);
  }
  const inEnglish = () => page.getByRole('button', { name: 'English' }).click();
  /** Nothing in the words at `selector` is in the other language. */
  const noHan = async (selector) => assert.doesNotMatch(await page.locator(selector).innerText(), /\p{Script=Han}/u);

  test('a screener sees a follow-up task and is offered no action, nor by key', async () => {
    await seedFevers(server.world, server.people, [30]);
    await open(kDesk, kDoor + 'screening', 'gate');
    const asked = [];
    page.on('request', (r) => asked.push(r.url()));
    await page.locator('.sw-table tbody tr').first().click();
    await page.getByText('您的岗位（筛查员）只能查看，不能办理随访任务').waitFor();
    await page.locator('.sw-log li').first().waitFor();
    await untilCount(page.locator('.sw-acts'), 0);
    await page.keyboard.press('1');
    await page.keyboard.press('2');
    await checkAxe(page, 'no action');
    await untilCount(page.getByRole('dialog'), 0);
    assert.equal(asked.some((url) => url.endsWith('/$transition')), false);
    await inEnglish();
    await page.getByText('your post (Screener) may look at follow-up tasks').waitFor();
    await noHan('.sw-no');
  });

  test('a right that was taken away meanwhile is refused in the language of the page alone', async () => {
    await seedFevers(server.world, server.people, [30]);
    await open(kDesk, kDoor + 'screening', 'cdc');
    await failing(page, '**/fhir/Task/*/$transition', 'POST', 403);
    await page.locator('.sw-table tbody tr').first().click();
    await page.getByText('先接手才能办结').waitFor();
    await page.keyboard.press('1');
    await page.locator('.sw-detail [role="alert"] p').waitFor();
    assert.equal(await page.locator('.sw-detail [role="alert"] p').innerText(), '您的岗位不能办这件事。');
    await inEnglish();
    await page.getByText('Your post may not do this.').waitFor();
    await noHan('.sw-detail [role="alert"]');
  });

  test('a post that may not see tasks is told so instead of an error', async () => {
    await open(kDesk, `${kDoor}screening`, 'ops');
    await page.getByText('您的岗位看不到随访任务').waitFor();
    await checkAxe(page, 'no tasks for this post');
    await inEnglish();
    await page.getByText('Your post may not see follow-up tasks').waitFor();
    await noHan('main');
  });

  test('a post that may not register is told so before it types a number', async () => {
    await open(kPhone, '/m/screening', 'ops');
    await page.getByText('您的岗位不能登记体温').waitFor();
    await checkAxe(page, 'may not register');
    assert.equal(await page.getByLabel('身份证号').count(), 0);
    await page.evaluate(() => localStorage.setItem('tk.language', 'en'));
    await page.reload();
    await page.getByText('Your post may not register temperatures').waitFor();
    await noHan('main');
    await page.getByRole('main').getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  test('a post that may measure and not make records is told so at an unknown number', async () => {
    await open(kPhone, '/m/', 'cdc');
    await typeNumber(page, freshNumber(31));
    await page.getByText('您的岗位（疾控人员）不能建档').waitFor();
    await checkAxe(page, 'may not make a record');
    assert.equal(await page.getByLabel('姓名').count(), 0);
    await page.getByRole('button', { name: '号码输错了，回去改' }).click();
    await page.getByText('查找下一位').waitFor();
  });

  test('a reading that is refused says why in the outbox, in the language of the page alone', async () => {
    await open(kPhone, '/m/', 'gate');
    await failing(page, '**/fhir/Observation', 'POST', 403);
    await typeNumber(page, server.people[0].number);
    await page.getByText('问一句').waitFor();
    await page.keyboard.type('365');
    await page.getByRole('button', { name: '登记，查下一位' }).click();
    await page.getByText('服务器没有接受，请点右上角看原因').waitFor();
    await page.getByRole('button', { name: /条待传/ }).click();
    await page.locator('.sm-box li p').waitFor();
    assert.equal(await page.locator('.sm-box li p').innerText(), '您的岗位不能办这件事。');
    await checkAxe(page, 'refused in the outbox');
  });
});
