// SHA-256 (FIPS 180-4) and SM3 (GB/T 32905-2016). For short texts: a code, a list.
const rotl = (x: number, n: number): number => (n % 32 === 0 ? x : (x << n % 32) | (x >>> (32 - (n % 32))));
const rotr = (x: number, n: number): number => rotl(x, 32 - n);

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes, as the standard defines them. */
const kSha = (() => {
  const out: number[] = [];
  for (let n = 2; out.length < 64; n += 1) {
    let prime = true;
    for (let d = 2; d * d <= n; d += 1) prime &&= n % d !== 0;
    if (!prime) continue;
    // The cube root of n · 2^96, whole.
    const target = BigInt(n) << 96n;
    let low = 0n;
    let high = 1n << 40n;
    while (high - low > 1n) {
      const mid = (low + high) >> 1n;
      if (mid * mid * mid <= target) low = mid;
      else high = mid;
    }
    out.push(Number(low & 0xffffffffn) | 0);
  }
  return out;
})();

/** Message, bit 1, zeros, length: a multiple of 64 bytes, as big-endian words. */
function padded(message: Uint8Array): Int32Array {
  const blocks = Math.ceil((message.length + 9) / 64);
  const bytes = new Uint8Array(blocks * 64);
  bytes.set(message);
  bytes[message.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setUint32(bytes.length - 8, Math.floor(message.length / 0x20000000));
  view.setUint32(bytes.length - 4, (message.length << 3) >>> 0);
  const words = new Int32Array(blocks * 16);
  for (let i = 0; i < words.length; i += 1) words[i] = view.getInt32(i * 4);
  return words;
}

type Eight = [number, number, number, number, number, number, number, number];

function digestOf(message: Uint8Array, start: Eight, compress: (state: Eight, block: Int32Array) => Eight): Uint8Array {
  const words = padded(message);
  let state = start;
  for (let at = 0; at < words.length; at += 16) state = compress(state, words.subarray(at, at + 16));
  const out = new DataView(new ArrayBuffer(32));
  state.forEach((word, i) => out.setInt32(i * 4, word));
  return new Uint8Array(out.buffer);
}

export function sha256(message: Uint8Array): Uint8Array {
  const start: Eight = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
  return digestOf(message, start, (state, block) => {
    const w = new Int32Array(64);
    w.set(block);
    for (let i = 16; i < 64; i += 1) {
      const [a, b] = [w[i - 15]!, w[i - 2]!];
      w[i] = w[i - 16]! + (rotr(a, 7) ^ rotr(a, 18) ^ (a >>> 3)) + w[i - 7]! + (rotr(b, 17) ^ rotr(b, 19) ^ (b >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i += 1) {
      const t1 = (h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ((e & f) ^ (~e & g)) + kSha[i]! + w[i]!) | 0;
      const t2 = ((rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [a, b, c, d, e, f, g, h] = [(t1 + t2) | 0, a, b, c, (d + t1) | 0, e, f, g];
    }
    return [a, b, c, d, e, f, g, h].map((x, i) => (x + state[i]!) | 0) as Eight;
  });
}

export function sm3(message: Uint8Array): Uint8Array {
  const start: Eight = [0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e];
  const p1 = (x: number): number => x ^ rotl(x, 15) ^ rotl(x, 23);
  return digestOf(message, start, (state, block) => {
    const w = new Int32Array(68);
    w.set(block);
    for (let i = 16; i < 68; i += 1) w[i] = p1(w[i - 16]! ^ w[i - 9]! ^ rotl(w[i - 3]!, 15)) ^ rotl(w[i - 13]!, 7) ^ w[i - 6]!;
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i += 1) {
      const early = i < 16;
      const ss1 = rotl((rotl(a, 12) + e + rotl(early ? 0x79cc4519 : 0x7a879d8a, i)) | 0, 7);
      const ss2 = ss1 ^ rotl(a, 12);
      const tt1 = ((early ? a ^ b ^ c : (a & b) | (a & c) | (b & c)) + d + ss2 + (w[i]! ^ w[i + 4]!)) | 0;
      const tt2 = ((early ? e ^ f ^ g : (e & f) | (~e & g)) + h + ss1 + w[i]!) | 0;
      [a, b, c, d, e, f, g, h] = [tt1, a, rotl(b, 9), c, tt2 ^ rotl(tt2, 9) ^ rotl(tt2, 17), e, rotl(f, 19), g];
    }
    return [a, b, c, d, e, f, g, h].map((x, i) => x ^ state[i]!) as Eight;
  });
}
