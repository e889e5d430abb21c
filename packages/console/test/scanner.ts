/** A camera before a QR code: the drawn squares as pixels, read by a decoder that is not the encoder's. */
import jsQR from 'jsqr'

const scale = 4

/** What the squares of an SVG path say; it throws where a camera would read nothing. */
export function scannedIn(path: string, viewBox: string): string {
  const side = Number(viewBox.split(' ')[2]) * scale
  const pixels = new Uint8ClampedArray(side * side * 4).fill(255)
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    for (let row = Number(y) * scale; row < (Number(y) + 1) * scale; row += 1) {
      for (let column = Number(x) * scale; column < (Number(x) + 1) * scale; column += 1) pixels.fill(0, (row * side + column) * 4, (row * side + column) * 4 + 3)
    }
  }
  const read = jsQR.default(pixels, side, side)
  if (read === null) throw new Error('nothing can be read')
  return read.data
}
