// A line between browser and program that can be cut: down() breaks what is open and refuses what comes, as without network.
import { connect, createServer } from 'node:net';

export class Line {
  constructor(target) {
    const url = new URL(target);
    this.target = { host: url.hostname, port: Number(url.port || 80) };
    this.open = new Set();
    this.isDown = false;
  }

  async listen() {
    this.server = createServer((from) => this.carry(from));
    await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  carry(from) {
    if (this.isDown) return from.destroy();
    const to = connect(this.target);
    for (const [one, other] of [[from, to], [to, from]]) {
      this.open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
    return undefined;
  }

  setDown(down) {
    this.isDown = down;
    if (down) for (const socket of this.open) socket.destroy();
  }

  async close() {
    this.setDown(true);
    await new Promise((done) => this.server.close(done));
  }
}
