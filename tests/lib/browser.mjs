// A browser for tests of pages that work without script: it keeps cookies by path, follows redirects, reads forms and sends them.
import http from 'node:http';

const unescape = (text) => text.replace(/&(amp|lt|gt|quot|#39);/g, (all, name) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" })[name]);

export class Browser {
  constructor() { this.cookies = []; }

  cookiesFor(url) {
    const { host, pathname } = new URL(url);
    return this.cookies.filter((c) => c.host === host && (pathname === c.path || pathname.startsWith(c.path.replace(/\/?$/, '/')))).map((c) => `${c.name}=${c.value}`).join('; ');
  }

  keep(url, lines = []) {
    const { host } = new URL(url);
    for (const line of lines) {
      const [pair, ...rest] = line.split(';').map((part) => part.trim());
      const options = Object.fromEntries(rest.map((part) => part.split('=')));
      const name = pair.slice(0, pair.indexOf('=')), value = pair.slice(name.length + 1);
      this.cookies = this.cookies.filter((c) => c.host !== host || c.name !== name);
      if (options['Max-Age'] !== '0') this.cookies.push({ host, name, value, path: options.Path ?? '/', line });
    }
  }

  /** One request; { status, headers, text, url, forms }. Redirects are not followed: the test looks at them. */
  ask(method, url, body, headers = {}) {
    return new Promise((resolve, reject) => {
      const target = new URL(url), cookie = this.cookiesFor(url);
      const all = { ...(cookie ? { cookie } : {}), ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) }), ...headers };
      const req = http.request({ host: target.hostname, port: target.port, path: target.pathname + target.search, method, headers: all, agent: false }, (res) => {
        const parts = [];
        res.on('data', (part) => parts.push(part));
        res.on('end', () => {
          this.keep(url, res.headers['set-cookie']);
          const text = Buffer.concat(parts).toString('utf8');
          resolve({ status: res.statusCode, headers: res.headers, text, url, location: res.headers.location, forms: formsOf(text) });
        });
      });
      req.on('error', reject);
      req.end(body);
    });
  }
  get(url, headers) { return this.ask('GET', String(url), undefined, headers); }
  /** Sends the page's form number `index` with `fields` over its own. */
  send(page, fields = {}, index = 0) {
    const form = page.forms[index];
    return this.ask('POST', new URL(form.action, page.url).href, new URLSearchParams({ ...form.fields, ...fields }).toString());
  }
}

function formsOf(html) {
  return [...html.matchAll(/<form[^>]*action="([^"]*)"[^>]*>(.*?)<\/form>/gs)].map(([, action, inside]) => ({
    action: unescape(action),
    fields: Object.fromEntries([...inside.matchAll(/<input([^>]*)>/g)].map(([, attributes]) => {
      const of = (name) => unescape(attributes.match(new RegExp(`${name}="([^"]*)"`))?.[1] ?? '');
      return [of('name'), of('value')];
    })),
    buttons: [...inside.matchAll(/<button[^>]*name="([^"]*)"[^>]*value="([^"]*)"[^>]*>(.*?)<\/button>/gs)].map(([, name, value, text]) => ({ name, value, text })),
  }));
}

/** From an authorization URL through sign-in, consent and the choice of a patient to the program's address; the URL of the answer. */
export async function signIn(browser, url, { account, password, decision = 'allow', identifier }) {
  let page = await browser.get(url);
  for (let step = 0; step < 6; ++step) {
    if (page.status === 303) return new URL(page.location);
    const action = page.forms[0]?.action;
    if (action === '/oauth/sign-in') page = await browser.send(page, { account, password });
    else if (action === '/oauth/consent') page = await browser.send(page, { decision });
    else if (action === '/oauth/patient' && page.forms.length > 1) page = await browser.send(page, { patient: page.forms[1].buttons[0].value }, 1);
    else if (action === '/oauth/patient' && !page.searched) page = Object.assign(await browser.send(page, { identifier }), { searched: true });
    else break;
  }
  throw new Error(`no way on: ${page.status} ${page.text}`);
}
