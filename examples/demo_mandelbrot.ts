/** Draws the Mandelbrot set on all cores into a PNG and says how much faster that was than one engine. @module */
import { Buffer } from "node:buffer";
import { crc32, deflateSync } from "node:zlib";
import { Cluster, type LoadBalancedView } from "../mod.ts";

const WIDTH = 1_200;
const HEIGHT = 800;
const BAND_ROWS = 8;
const LIMIT = 1_500;

/** Runs on engines: some rows of the picture, 3 bytes a point. */
function drawBand(top: number, rows: number, width: number, height: number, limit: number): Uint8Array {
  const pixels = new Uint8Array(rows * width * 3);
  for (let row = 0; row < rows; row++) {
    const ci = ((top + row) / height - 0.5) * 2.4;
    for (let column = 0; column < width; column++) {
      const cr = (column / width) * 3.6 - 2.5;
      let [zr, zi, steps] = [0, 0, 0];
      for (; steps < limit && zr * zr + zi * zi < 16; steps++) {
        const next = zr * zr - zi * zi + cr;
        zi = 2 * zr * zi + ci;
        zr = next;
      }
      if (steps === limit) continue;
      const smooth = Math.sqrt((steps + 1 - Math.log2(Math.log(zr * zr + zi * zi) / 2)) / limit) * 20;
      const at = (row * width + column) * 3;
      pixels[at] = 127.5 * (1 - Math.cos(smooth));
      pixels[at + 1] = 127.5 * (1 - Math.cos(smooth * 1.3));
      pixels[at + 2] = 127.5 * (1 - Math.cos(smooth * 1.7 + 1));
    }
  }
  return pixels;
}

/** The whole picture and how long it took, ms. */
async function draw(lview: LoadBalancedView): Promise<{ bands: Uint8Array[]; tookMs: number }> {
  const tops = Array.from({ length: HEIGHT / BAND_ROWS }, (_, band) => band * BAND_ROWS);
  const same = <T>(value: T) => tops.map(() => value);
  const started = performance.now();
  const bands = await lview.map(drawBand, tops, same(BAND_ROWS), same(WIDTH), same(HEIGHT), same(LIMIT));
  return { bands, tookMs: performance.now() - started };
}

/** One part of a PNG: length, kind, data, checksum. */
function chunk(kind: string, data: Uint8Array): Uint8Array {
  const part = Buffer.alloc(data.length + 12);
  part.writeUInt32BE(data.length, 0);
  part.write(kind, 4, "latin1");
  part.set(data, 8);
  part.writeUInt32BE(crc32(part.subarray(4, data.length + 8)), data.length + 8);
  return part;
}

function encodePng(pixels: Uint8Array, width: number, height: number): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 8 bits for each of red, green and blue.
  header.set([8, 2, 0, 0, 0], 8);
  const lines = new Uint8Array(height * (width * 3 + 1));
  for (let row = 0; row < height; row++) {
    lines.set(pixels.subarray(row * width * 3, (row + 1) * width * 3), row * (width * 3 + 1) + 1);
  }
  const signature = new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(lines)),
    chunk("IEND", new Uint8Array()),
  ]);
}

const n = Math.max(2, navigator.hardwareConcurrency);
console.log(`Starting ${n} engines …`);
await using cluster = await Cluster.start({ n });
await using client = await cluster.connect();

// Once each, so that every engine has compiled the code before it is timed.
await client.directView().apply(drawBand, 0, BAND_ROWS, WIDTH, HEIGHT, LIMIT);
const one = await draw(client.loadBalancedView({ targets: client.ids.slice(0, 1) }));
const all = await draw(client.loadBalancedView());

const file = Deno.args[0] ?? await Deno.makeTempFile({ prefix: "mandelbrot-", suffix: ".png" });
await Deno.writeFile(file, encodePng(Buffer.concat(all.bands), WIDTH, HEIGHT));
console.log(`Drew ${WIDTH} × ${HEIGHT} points: ${file}`);
console.log(`1 engine: ${Math.round(one.tookMs)} ms; ${n} engines: ${Math.round(all.tookMs)} ms`);
console.log(`${(one.tookMs / all.tookMs).toFixed(2)} times as fast`);
const equal = Buffer.compare(Buffer.concat(one.bands), Buffer.concat(all.bands)) === 0;
console.log(`The same picture both times: ${equal}`);
if (!equal) Deno.exitCode = 1;
