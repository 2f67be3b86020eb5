// The desk page: filters, detail with evidence, actions, keyboard, honest states.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { checkAxe, failing, kDesk, openBrowser, openPage, openServer, seeded, signIn, untilCount } from './lib.mjs';
import { seedFevers } from './people.mjs';

describe('desk', seeded, () => {
  let browser;
  let server;
  let opened;
  let page;
  before(async () => (browser = await openBrowser()));
  after(() => browser.close());
  beforeEach(async () => {
    server = await openServer(16);
    opened = await openPage(browser, kDesk);
    page = opened.page;
  });
  afterEach(async () => {
    await opened.done();
    await server.close();
  });

  const rows = () => page.locator('.sw-table tbody tr');
  const tasks = () => server.world.all('Task');
  async function open(minutesAgo) {
    await seedFevers(server.world, server.people, minutesAgo);
    await signIn(page, server.base, '/work/' + 'screening', 'cdc');
    if (minutesAgo.length > 0) await rows().nth(minutesAgo.length - 1).waitFor();
  }

  test('says what to expect when there is nothing', async () => {
    await open([]);
    await page.getByText('没有未办结的随访任务').waitFor();
    await checkAxe(page, 'no tasks');
    await page.getByRole('button', { name: /今日办结/ }).click();
    await page.getByText('今天还没有办结的任务').waitFor();
  });

  test('counters are filters, and the URL holds them', async () => {
    await open([200, 150, 90, 30, 5]);
    await page.getByRole('button', { name: /已超时 2/ }).waitFor();
    await page.getByRole('button', { name: /已超时/ }).click();
    await untilCount(rows(), 2);
    assert.match(page.url(), /list=overdue/);
    await page.goBack();
    await rows().nth(4).waitFor();
    await page.goForward();
    await untilCount(rows(), 2);
    await page.reload();
    await untilCount(rows(), 2);
    await checkAxe(page, 'filtered');
  });

  // What has just arrived carries a mark, English is longer, and narrow windows have less room: the figure is what the list is for.
  test('the temperature of every row is whole and beside nothing else, in both languages and at every width', async () => {
    await open([60, 40]);
    await seedFevers(server.world, server.people.slice(2), [3, 1]);
    await rows().nth(3).waitFor();
    await page.locator('.sw-new').first().waitFor();
    // The reason gives way before the figure does, and the rule's id before the reason: it is there whole, or not at all.
    const cut = (reasonWhole) =>
      page.evaluate((reasonToo) =>
        [...document.querySelectorAll('.sw-table tbody tr')].flatMap((row) => {
          const figure = row.querySelector('.sw-figure');
          if (!figure || !/^\d\d\.\d ℃$/.test(figure.textContent)) return [`no figure: ${row.textContent}`];
          const box = figure.getBoundingClientRect(), cell = figure.closest('td').getBoundingClientRect();
          const range = document.createRange();
          range.selectNodeContents(figure);
          const text = range.getBoundingClientRect();
          const others = [...figure.parentElement.children].filter((e) => e !== figure && e.getClientRects().length > 0).map((e) => e.getBoundingClientRect());
          const covered = others.some((o) => o.left < text.right - 0.5 && o.right > text.left + 0.5);
          const line = figure.closest('.sw-oneline').getBoundingClientRect();
          const inLine = Math.abs((text.top + text.bottom) / 2 - (line.top + line.bottom) / 2) < 3;
          const whole = text.left >= cell.left && text.right <= cell.right && text.right <= box.right + 0.5 && !covered && inLine;
          if (!whole) return [`${figure.textContent} in ${row.textContent}`];
          const reason = figure.parentElement.querySelector('.tk-cut'), rule = row.querySelector('.sw-rule').getBoundingClientRect();
          if (reasonToo && reason.scrollWidth > reason.clientWidth) return [`the reason in ${row.textContent}`];
          return rule.top >= line.bottom - 1 || (rule.right <= line.right + 0.5 && rule.left >= reason.getBoundingClientRect().right) ? [] : [`the rule in ${row.textContent}`];
        }),
        reasonWhole,
      );
    for (const language of ['zh-CN', 'en']) {
      if (language === 'en') {
        await page.evaluate(() => localStorage.setItem('tk.language', 'en'));
        await page.reload();
        await rows().nth(3).waitFor();
        await seedFevers(server.world, server.people.slice(4), [0]);
        await page.locator('.sw-new').first().waitFor();
      }
      // A row that arrives live is there before its reading is.
      await page.waitForFunction(() => [...document.querySelectorAll('.sw-table tbody tr')].every((row) => row.querySelector('.sw-figure')));
      for (const width of [1920, kDesk.width, 1301, 1300, 1181, 1180, 1101, 1100, 901, 900, 761, 760, 683, 390]) {
        await page.setViewportSize({ width, height: 768 });
        assert.deepEqual(await cut(width >= kDesk.width), [], `${language} at ${width}`);
      }
      await page.setViewportSize(kDesk);
    }
  });

  test('the order is by time limit and overdue is an ink chip with its word', async () => {
    const start = Date.now();
    await open([5, 200, 90]);
    const due = await page.locator('.sw-table .sw-due').allInnerTexts();
    assert.deepEqual(due.map((text) => text[0]), ['超', '余', '余']);
    // 200, 90 and 5 minutes of 120 are over, and what the page took to come.
    const [late, soon, fresh] = due.map((text) => Number(/(\d+):/.exec(text)[1]) * 60 + Number(/:(\d\d)$/.exec(text)[1]));
    const gone = Math.ceil((Date.now() - start) / 60_000);
    assert.ok(late >= 80 && late <= 80 + gone, due[0]);
    assert.ok(soon <= 30 && soon >= 30 - gone, due[1]);
    assert.ok(fresh <= 115 && fresh >= 115 - gone, due[2]);
  });

  test('keyboard: move, open, take, close with a reason', async () => {
    await open([60, 40, 20]);
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.getByText('体温 37.4 ℃，限值 37.3').waitFor();
    await page.getByText('规则 screening.fever 第 3 版').waitFor();
    await page.getByText('先接手才能办结').waitFor();
    await checkAxe(page, 'detail');
    await page.keyboard.press('2');
    assert.equal(await page.getByRole('dialog').count(), 0, 'not before it is taken');
    await page.keyboard.press('1');
    await page.getByRole('button', { name: /办结，填原因/ }).waitFor();
    const id = new URL(page.url()).searchParams.get('task');
    assert.equal((await tasks()).find((t) => t.id === id).status, 'accepted');
    await page.keyboard.press('2');
    await page.getByRole('button', { name: '办结', exact: true }).click();
    await page.getByText('请选一个原因').waitFor();
    await checkAxe(page, 'closing');
    await page.getByLabel('其他').check();
    await page.getByRole('button', { name: '办结', exact: true }).click();
    await page.getByText('选“其他”要写说明').waitFor();
    await page.getByLabel('补充说明').fill('已由学校接走');
    await page.getByRole('button', { name: '办结', exact: true }).click();
    await page.getByText('其他：已由学校接走').waitFor();
    const stored = (await tasks()).find((t) => t.id === id);
    assert.equal(stored.status, 'completed');
    assert.equal(stored.owner.identifier.value, 'cdc');
    await untilCount(rows(), 2);
    await page.getByRole('button', { name: /今日办结 1/ }).waitFor();
    await untilCount(page.getByRole('dialog'), 0);
    await page.keyboard.press('Escape');
    await page.getByText('选一条，看依据和可办事项').waitFor();
  });

  test('somebody else was faster: the newest is shown, nothing is overwritten', async () => {
    await open([30]);
    await rows().first().click();
    await page.getByRole('button', { name: /接手/ }).last().waitFor();
    const [task] = await tasks();
    // The other one's change comes between the press and its arrival at the server.
    await page.route('**/fhir/Task/*/$transition', async (route) => {
      await server.world.take(task, 'else', '吴敏');
      await route.continue();
    });
    await page.getByRole('button', { name: /接手/ }).last().click();
    await page.getByText('别人刚刚改过').waitFor();
    await page.getByText('由 吴** 接手').waitFor();
    assert.equal((await tasks())[0].owner.identifier.value, 'else');
  });

  test('new tasks appear in place, are announced, and leave the cursor where it was', async () => {
    await open([60, 50]);
    await page.keyboard.press('j');
    await page.locator('.sw-table tbody tr:focus-within').waitFor();
    const held = await page.evaluate(() => document.activeElement.closest('tr').dataset.id);
    await server.world.addReading(server.people[9].patient, 38.8);
    await page.getByText('新到 1 条，看最新').waitFor();
    await rows().nth(2).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.closest('tr').dataset.id), held);
    await page.getByRole('button', { name: '新到 1 条，看最新' }).click();
    await page.getByText('体温 38.8 ℃，限值 37.3').waitFor();
    await untilCount(page.getByText('新到 1 条，看最新'), 0);
    await checkAxe(page, 'arrived');
  });

  test('a change by somebody else is seen in the open detail', async () => {
    await open([30]);
    await rows().first().click();
    await page.getByText('先接手才能办结').waitFor();
    await server.world.take((await tasks())[0], 'else', '吴敏');
    await page.getByText('由 吴** 接手').waitFor();
  });

  test('a reading marked as an error is said at the evidence', async () => {
    await open([30]);
    const [task] = await tasks();
    const reading = (await server.world.all('Observation')).find((r) => `Observation/${r.id}` === task.focus.reference);
    await server.world.write({ ...reading, status: 'entered-in-error' });
    await rows().first().click();
    await page.getByText('这条体温已标为录入错误').waitFor();
  });

  test('a stream that is down is said, with since when; what was missed is there afterwards', async () => {
    await open([30]);
    server.world.setDown(true);
    await page.locator('.tk-live', { hasText: '已断开，数据停在' }).waitFor();
    await checkAxe(page, 'stream down');
    await server.world.addReading(server.people[9].patient, 39.1);
    await rows().first().click();
    await page.getByText('连不上服务器').waitFor();
    await page.getByRole('button', { name: '现在重连' }).click();
    await page.locator('.tk-live[data-state="lost"]').waitFor();
    server.world.setDown(false);
    await page.locator('.tk-live[data-state="live"]').waitFor();
    await rows().nth(1).waitFor();
    await page.getByText('规则转办，待接手').waitFor(); // what could not be read of the open task
    assert.equal(await page.getByText('连不上服务器').count(), 0);
  });

  test('an error is said, and trying again works', async () => {
    await seedFevers(server.world, server.people, [30]);
    const mend = await failing(page, '**/fhir/Task/_search', 'POST', 503);
    await signIn(page, server.base, '/work/' + 'screening', 'cdc');
    await page.getByText('服务器正忙').waitFor();
    await checkAxe(page, 'error');
    await mend();
    await page.getByRole('button', { name: '再试一次' }).click();
    await rows().first().waitFor();
  });

  test('the whole name and the whole number are nowhere on the page', async () => {
    await open([60, 50, 40, 30]);
    await rows().nth(1).click();
    // Not before everything of the person is there: name in every row, temperatures, history.
    await page.getByText('规则 screening.fever 第 3 版').waitFor();
    await page.locator('.sw-log li').first().waitFor();
    await page.locator('.sw-dh h2 b').waitFor();
    await untilCount(page.locator('.sw-wait'), 0);
    await page.locator('.sw-detail .sw-chart').waitFor();
    const html = await page.content();
    for (const p of server.people) {
      assert.equal(html.includes(p.number), false);
      assert.equal(html.includes(p.name), false);
    }
  });

  test('a link to a task opens it', async () => {
    await open([60, 50]);
    await rows().nth(1).click();
    await page.getByText('立案依据').waitFor();
    await page.reload();
    await page.getByText('体温 37.6 ℃，限值 37.3').waitFor();
    await page.goto(new URL('screening?task=nobody', server.base + '/work/').href);
    await page.getByText('没有这条任务').waitFor();
  });

  test('English is complete', async () => {
    await open([200, 30]);
    await rows().first().click();
    await page.getByText('立案依据').waitFor();
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByText('What can be done').waitFor();
    await checkAxe(page, 'English');
    // What is left in Chinese is data: names, places, reasons, sources.
    const words = await page.$$eval('th, kbd + *, .sw-counts, .sw-steps, h1, h3, .sw-acts, .sw-no, .tk-live', (all) => all.map((e) => e.textContent).join(' '));
    assert.doesNotMatch(words, /\p{Script=Han}/u);
  });
});
