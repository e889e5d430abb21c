import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clipped, markdownCode, markdownProse, markdownText, shellWord, shown, workflowData, workflowProperty, xmlText } from '../src/text/safe.ts'
import { spanText } from '../src/text/span.ts'
import { wrap } from '../src/text/wrap.ts'

const hostile = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('\u001b', '\n', '\r', '\u202e', '\u2066', ':', '%', '`', '|', '<', '&', '"', "'", ']', '\ud800', '\u0000', '\u009b', 'a', '@', '[', '(') }))

describe('attack-30: hostile text', () => {
  test('shows no control, bidirectional or invisible character, and no lone surrogate', () => {
    fc.assert(fc.property(hostile, (text) => {
      for (const safe of [shown(text), clipped(text, 20), shellWord(text)]) {
        expect(safe).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/)
        expect(safe.isWellFormed()).toBe(true)
      }
    }))
  })

  test('a title that paints the terminal is shown as text', () => {
    expect(shown('\u001b[2J\u001b[31mPASSED')).toBe('\\u001b[2J\\u001b[31mPASSED')
    expect(shown('a\nBLOCKED  0')).toBe('a\\u000aBLOCKED  0')
  })

  test('a workflow command has one line and ends where it should', () => {
    fc.assert(fc.property(hostile, (text) => {
      expect(workflowData(text)).not.toMatch(/[\r\n]/)
      expect(workflowProperty(text)).not.toMatch(/[\r\n:,]/)
    }))
    expect(workflowProperty('a,file=/etc/passwd::x')).toBe('a%2Cfile=/etc/passwd%3A%3Ax')
    expect(workflowData('50%0A::error::x')).toBe('50%250A::error::x')
  })

  test('XML holds no markup of the text', () => {
    fc.assert(fc.property(hostile, (text) => { expect(xmlText(text)).not.toMatch(/[<>"']|&(?!#\d+;)/) }))
  })

  test('Markdown holds no markup, mention, link or cell of the text', () => {
    fc.assert(fc.property(hostile, (text) => { expect(markdownText(text)).not.toMatch(/[`*_[\]<>|@]|:\/\//) }))
    expect(markdownText('[x](https://evil.example) @all <img>')).not.toContain('](')
    expect(markdownCode('a`b|c')).toBe('`` a`b¦c ``')
  })

  test('a word of a command is one word', () => {
    expect(shellWord("x'; rm -rf ~; '")).toBe(`'x'\\''; rm -rf ~; '\\'''`)
    expect(shellWord('trivy/CVE-2021-44228')).toBe('trivy/CVE-2021-44228')
  })
})

describe('layout', () => {
  test('wraps at spaces, keeps every word, and no line is longer unless one word is', () => {
    fc.assert(fc.property(fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 }), fc.integer({ min: 12, max: 60 }), (words, width) => {
      const lines = wrap(words.join(' '), width)
      expect(lines.join(' ')).toBe(words.join(' '))
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width)
    }))
  })

  test.for([[0, '0 s'], [999, '0 s'], [61_000, '1 m 1 s'], [7_200_000, '2 h'], [90_000_000, '1 d 1 h'], [-3_600_000, '1 h'], [86_400_000 + 60_000, '1 d']] as const)('%d ms is %s', ([span, text]) => {
    expect(spanText(span)).toBe(text)
  })
})

describe('a sentence in Markdown', () => {
  test('has its backticks as code, and nothing else of it is markup', () => {
    expect(markdownProse('opt-out `a` runs for 3d, and `limits.duration` allows 2d')).toBe('opt-out `a` runs for 3d, and `limits.duration` allows 2d')
    for (const hostile of ['`a` <img src=x> `b`', 'x `<b>` @everyone `', '`` ` ```', '[a](javascript:x) `|`', '`a`\n# b\n`c`', '`\u202e`']) {
      const shown = markdownProse(hostile)
      expect(shown.replaceAll(/(`+)(?:(?!\1)[^])*?\1/g, ''), hostile).not.toMatch(/[<>@[\]|\n\u202e`]|(?<!&)#/)
    }
  })
})
