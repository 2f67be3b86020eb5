// The resident's code: colour, word and shape of now, why, until when, an appeal; without network there is no colour. Against a real program only.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { checkAxe, openBrowser, until, untilCount } from './lib.mjs';
import { addResident, enterAs, look, needsProgram, noChinese, reading } from './resident.mjs';

describe('the resident\'s code', needsProgram, () => {
  let browser, he, opened, page;
  const asked = [];
  before(async () => {
    browser = await openBrowser();
    he = await addResident(1, '周桂兰');
    opened = await enterAs(browser, he, '/me/');
    page = opened.page;
    page.on('request', (r) => asked.push(decodeURIComponent(r.url())));
  });
  after(async () => {
    await opened?.done();
    await browser?.close();
  });

  test('the home says the colour of now, in word and shape, and leads to the code', async () => {
    await page.locator('.hd-strip', { hasText: '绿码' }).waitFor();
    await checkAxe(page, 'home, green');
    await look(page, 'me-home');
    await page.locator('.hd-strip').click();
    await page.getByRole('heading', { name: '绿码', exact: true }).waitFor();
    assert.match(await until('a code', () => page.locator('.hl-qr').getAttribute('data-code')), /^TK:/);
    await page.getByText('没有新的依据，就一直是绿的').waitFor();
    await page.getByText('周*兰').waitFor();
    await untilCount(page.getByRole('button', { name: '申诉' }), 0);
    await checkAxe(page, 'green');
    await look(page, 'me-code-green');
  });

  test('a fever is a yellow code, with why, since, until and what changes it; an appeal is sent once', async () => {
    await reading(he, 37.9);
    // Asked anew as the page is seen; a reload is what people do.
    await until('yellow', async () => {
      await page.reload();
      await page.locator('.hd-field h1').waitFor();
      return page.getByRole('heading', { name: '黄码', exact: true }).isVisible();
    });
    for (const words of ['量到了发热的体温', '还有 14 天', '检验或测量记录 1 条', /health-code\.fever，第 \d+ 版/, '3 天内两次核酸阴性']) await page.getByText(words).waitFor();
    await page.locator('.hl-qr img').waitFor();
    await checkAxe(page, 'yellow');
    await look(page, 'me-code-yellow');
    await page.getByRole('button', { name: '申诉' }).click();
    await page.getByRole('button', { name: '提交申诉' }).click();
    await page.getByText('请写明哪里不对', { exact: true }).waitFor();
    await checkAxe(page, 'appeal');
    await page.getByLabel('哪里不对').fill('体温计坏了，换一支量是 36.5');
    await look(page, 'me-appeal');
    await page.getByRole('button', { name: '提交申诉' }).click();
    await page.getByText('已收到，正在核对').waitFor();
    await untilCount(page.getByRole('dialog'), 0);
    await untilCount(page.getByRole('button', { name: '申诉' }), 0);
    await checkAxe(page, 'appealed');
  });

  test('large type drops nothing and no page is wider than a small phone', async () => {
    await page.setViewportSize({ width: 360, height: 780 });
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(await wide(), 360);
    const before = (await page.locator('#main').innerText()).length;
    await page.getByRole('button', { name: '大字' }).click();
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).fontSize), '22px');
    assert.equal(await wide(), 360);
    assert.ok((await page.locator('#main').innerText()).length >= before - 20);
    await checkAxe(page, 'large');
    await look(page, 'me-code-large');
    await page.reload();
    await page.locator('.hl-qr img').waitFor();
    assert.equal(await page.getByRole('button', { name: '大字' }).getAttribute('aria-pressed'), 'true');
    await page.getByRole('button', { name: '大字' }).click();
  });

  test('in English there is no Chinese left but the name', async () => {
    await page.getByRole('link', { name: '回到首页' }).click();
    await page.getByRole('button', { name: 'English' }).click();
    await page.locator('.hd-strip', { hasText: 'Yellow' }).click();
    await page.getByText('Why it is Yellow').waitFor();
    await page.getByText('Renews in').waitFor();
    await noChinese(page, ['周*兰']);
    await checkAxe(page, 'English');
    await look(page, 'me-code-en');
    await page.locator('.tp-bar a').click();
    await page.getByRole('button', { name: '中文' }).click();
    await page.locator('.hd-strip').click();
    await page.getByRole('heading', { name: '黄码', exact: true }).waitFor();
  });

  test('without network an old colour is no colour, and it comes back', async () => {
    await page.clock.install();
    await page.reload();
    await page.getByRole('heading', { name: '黄码', exact: true }).waitFor();
    await opened.context.setOffline(true);
    await until('no colour', async () => {
      await page.clock.runFor(5000);
      return page.getByText('码过期了，先不要出示').isVisible();
    });
    await untilCount(page.locator('.hd-field[data-colour]'), 0);
    await page.getByText('上次的码：黄码').waitFor();
    await checkAxe(page, 'stale');
    await look(page, 'me-code-stale');
    await opened.context.setOffline(false);
    await until('the colour again', async () => {
      await page.clock.runFor(1000);
      return page.locator('.hd-field[data-colour="yellow"]').isVisible();
    });
    await page.clock.resume();
  });

  test('nothing personal stood in a URL', () => {
    assert.ok(asked.length > 0);
    assert.doesNotMatch(asked.join('\n'), /3801\d{13}|\p{Script=Han}/u);
  });
});
