/** Breaks a text at spaces so that no line is longer than `width`; words longer than that stay whole, to be copied. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return line === '' ? lines : [...lines, line]
}

/** The same with a first line that begins with `first` and others indented as far. */
export function hanging(first: string, text: string, width: number): string {
  const indent = ' '.repeat(first.length)
  return wrap(text, Math.max(20, width - first.length)).map((line, index) => `${index === 0 ? first : indent}${line}`).join('\n')
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`
