/** Bytes from base64. */
function fromBase64(text) {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

/**
 * Reads the block of data: base64 of gzip of the length of a header, the header in JSON, and arrays. An array in the
 * header is an object with its type, its place after the header, and its length.
 */
async function readData() {
  const packed = fromBase64(document.getElementById('data').textContent);
  document.getElementById('data').remove();
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  const buffer = await new Response(stream).arrayBuffer();
  const length = new DataView(buffer).getUint32(0, true);
  const start = 4 + length;
  const types = { f32: Float32Array, i32: Int32Array, u8: Uint8Array };
  return JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)), (key, value) =>
    value && types[value.$array] ? new types[value.$array](buffer, start + value.at, value.length) : value);
}

/** The image of a sample as an address, or null. Each image has a piece of the base64 of its own. */
const images = {
  text: document.getElementById('images').textContent,
  of(run, i) {
    if (!run.images || run.images[2 * i + 1] === 0) return null;
    const from = run.images[2 * i];
    return 'data:image/jpeg;base64,' + this.text.substring(from, from + run.images[2 * i + 1]);
  },
};
