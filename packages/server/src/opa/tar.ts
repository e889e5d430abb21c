/** A tar archive of a few files with short names (POSIX.1-2001 ustar): the same bytes for the same files. */

const block = 512

/** The sum of a header's bytes is taken with this in its own place. */
const noSum = '        '

const octal = (value: number, size: number): string => `${value.toString(8).padStart(size - 1, '0')}\0`

function header(path: string, size: number): Buffer {
  const bytes = Buffer.alloc(block)
  if (Buffer.byteLength(path) > 100) throw new RangeError(`\`${path}\` is longer than a name in a tar header`)
  const fields: readonly (readonly [offset: number, text: string])[] = [
    [0, path], [100, octal(0o644, 8)], [108, octal(0, 8)], [116, octal(0, 8)], [124, octal(size, 12)], [136, octal(0, 12)], [148, noSum], [156, '0'], [257, 'ustar\0'], [263, '00'],
  ]
  for (const [offset, text] of fields) bytes.write(text, offset, 'latin1')
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return bytes
}

export function tarOf(files: readonly { readonly path: string; readonly content: string }[]): Buffer {
  const parts = files.flatMap(({ path, content }) => {
    const bytes = Buffer.from(content, 'utf8')
    return [header(path, bytes.length), bytes, Buffer.alloc((block - (bytes.length % block)) % block)]
  })
  return Buffer.concat([...parts, Buffer.alloc(2 * block)])
}
