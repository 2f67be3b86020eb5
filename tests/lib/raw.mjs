// HTTP by hand, for what no client library would send: bytes in, answers out.
import net from 'node:net';
import tls from 'node:tls';

/** One connection. `write(bytes)`, `answer()`: the next whole answer, or null once the other side has closed. */
export class Raw {
  constructor(port, options = {}) {
    this.bytes = Buffer.alloc(0);
    this.ended = false;
    this.wake = () => {};
    this.socket = options.tls ? tls.connect({ port, host: '127.0.0.1', ...options.tls }) : net.connect(port, '127.0.0.1');
    this.socket.setNoDelay(true);
    this.socket.on('data', (part) => { this.bytes = Buffer.concat([this.bytes, part]); this.wake(); });
    for (const event of ['end', 'close', 'error']) this.socket.on(event, (error) => { this.ended = true; this.error ??= error; this.wake(); });
  }
  write(bytes) { this.socket.write(bytes); return this; }
  close() { this.socket.destroy(); }
  async until(look, limitMs = 60000) {
    const timer = setTimeout(() => this.socket.destroy(new Error('no answer in time')), limitMs);
    for (;;) {
      const found = look();
      if (found !== undefined) { clearTimeout(timer); return found; }
      await new Promise((go) => { this.wake = go; });
    }
  }
  /** All there is to come, until the other side closes. */
  async rest() {
    await this.until(() => this.ended || undefined);
    return this.bytes.toString('latin1');
  }
  /** `bodiless`: the answer to a HEAD. */
  answer({ bodiless = false } = {}) {
    return this.until(() => {
      const head = this.bytes.indexOf('\r\n\r\n');
      if (head < 0) return this.ended ? null : undefined;
      const lines = this.bytes.subarray(0, head).toString('latin1').split('\r\n');
      const headers = {};
      for (const line of lines.slice(1)) headers[line.slice(0, line.indexOf(':')).toLowerCase()] = line.slice(line.indexOf(':') + 1).trim();
      const status = Number(lines[0].split(' ')[1]);
      const size = bodiless || status === 204 || status === 304 || status < 200 ? 0 : Number(headers['content-length'] ?? 0);
      if (this.bytes.length < head + 4 + size) return this.ended ? null : undefined;
      const body = this.bytes.subarray(head + 4, head + 4 + size);
      this.bytes = this.bytes.subarray(head + 4 + size);
      let json = null;
      try { json = JSON.parse(body.toString()); } catch { /* not JSON */ }
      return { status, headers, body, json };
    });
  }
}

/** A request as bytes, with the length of its body. */
export function requestOf(method, target, { token, body = '', headers = {} } = {}) {
  const all = { Host: 'localhost', ...(token ? { Authorization: `Bearer ${token}` } : {}), ...(body === '' ? {} : { 'Content-Type': 'application/fhir+json', 'Content-Length': Buffer.byteLength(body) }), ...headers };
  const head = `${method} ${target} HTTP/1.1\r\n${Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)]);
}
