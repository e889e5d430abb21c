import { describe, expect, test } from 'vitest'
import { at, finding, log, run } from './support.ts'

const path = (location: unknown, more: Record<string, unknown> = {}, root?: string): string | undefined =>
  finding(log(run([at(location)], more)), root === undefined ? {} : { root }).path

describe('relative references', () => {
  test.each([
    ['src/a.js', 'src/a.js'],
    ['./src//a.js', 'src/a.js'],
    ['src/../b/./c', 'b/c'],
    ['.github/workflows/ci.yml', '.github/workflows/ci.yml'],
    ['a%20b/%C3%A9.js', 'a b/é.js'],
    ['é/😀.js', 'é/😀.js'],
    ['src\\win\\a.c', 'src/win/a.c'],
    ['100%.txt', '100%.txt'],
    ['a#b?c', 'a#b?c'],
    [' src/a.js', 'src/a.js'],
    ['a/...', 'a/...'],
  ])('%s', (uri, expected) => expect(path({ uri })).toBe(expected))
})

describe('hostile and foreign ones have no path, and the finding stays', () => {
  test.each([
    '../../etc/passwd', 'a/../../b', '%2e%2e/etc/passwd', '%2E%2E%2Fetc', 'a/%2e%2e/%2e%2e/b', '..\\..\\etc', '%2e%2e%5cetc', '..', '.', '', '/', './/',
    '/etc/passwd', '%2Fetc/passwd', '//host/share', 'file:///etc/passwd', 'file:/etc/passwd', 'file://host/etc/passwd', 'FILE:///etc', 'file:///../x',
    'http://example.com/a.js', 'https://example.com/../a', 'pkg:npm/a@1', 'javascript:alert(1)', 'C:\\code\\a.c', 'C:/code/a.c', 'c:a', 'file:///C:/code/a.c',
    'a\u0000b', 'a%00b', 'a%0ab', 'a\u001b[2Jb',
  ])('%j', (uri) => expect(path({ uri })).toBeUndefined())
  test('the same below a base', () => {
    const originalUriBaseIds = { '%SRCROOT%': { uri: 'file:///srv/repo/' } }
    for (const uri of ['../x', '%2e%2e/x', '/etc/passwd', 'a/../../x', '%2Fsrv/repo/x', 'http://a/b']) expect(path({ uri, uriBaseId: '%SRCROOT%' }, { originalUriBaseIds })).toBeUndefined()
  })
})

describe('bases', () => {
  const at = (originalUriBaseIds: unknown, uriBaseId: string | undefined, uri = 'a/b.c', more: Record<string, unknown> = {}): string | undefined =>
    path({ uri, uriBaseId }, { originalUriBaseIds, ...more })

  test('a root that nobody defines', () => {
    expect(at(undefined, '%SRCROOT%')).toBe('a/b.c')
    expect(at({}, 'ROOTPATH')).toBe('a/b.c')
    expect(at({ '%SRCROOT%': { description: { text: 'the root' } } }, '%SRCROOT%')).toBe('a/b.c')
    expect(at({}, '__proto__')).toBeUndefined()
    expect(at({}, 'SDKROOT')).toBeUndefined()
  })
  test('a defined root', () => {
    expect(at({ '%SRCROOT%': { uri: 'file:///w/repo/' } }, '%SRCROOT%')).toBe('a/b.c')
    expect(at({ ROOTPATH: { uri: 'file:///' } }, 'ROOTPATH', 'usr/lib/x')).toBe('usr/lib/x')
    expect(at({ '%SRCROOT%': { uri: 'file:///w/repo' } }, '%SRCROOT%')).toBe('a/b.c')
  })
  test('absolute references below it, and beside it', () => {
    const bases = { '%SRCROOT%': { uri: 'file:///w/repo/' } }
    expect(at(bases, undefined, 'file:///w/repo/src/x%20y')).toBe('src/x y')
    expect(at(bases, undefined, '/w/repo/src/x')).toBe('src/x')
    expect(at(bases, undefined, 'file://localhost/w/repo/x')).toBe('x')
    expect(at(bases, undefined, 'file:///w/repo')).toBeUndefined()
    expect(at(bases, undefined, 'file:///w/repository/x')).toBeUndefined()
    expect(at(bases, undefined, 'file:///w/repo/../secret')).toBeUndefined()
    expect(at(bases, undefined, 'file:///w/other/../repo/x')).toBe('x')
    expect(at(bases, undefined, 'file://host/w/repo/x')).toBeUndefined()
  })
  test('chains', () => {
    const bases = { PROJECT: { uri: 'file://host/work/' }, SRCROOT: { uri: 'src/', uriBaseId: 'PROJECT' }, BIN: { uri: 'bin', uriBaseId: 'PROJECT' } }
    expect(at(bases, 'SRCROOT')).toBe('src/a/b.c')
    expect(at(bases, 'BIN')).toBe('bin/a/b.c')
    expect(at({ A: { uri: 'x/', uriBaseId: '%SRCROOT%' } }, 'A')).toBe('x/a/b.c')
    expect(at({ A: { uri: '../', uriBaseId: '%SRCROOT%' } }, 'A')).toBeUndefined()
  })
  test('loops end', () => {
    expect(at({ A: { uri: 'x/', uriBaseId: 'A' } }, 'A')).toBeUndefined()
    expect(at({ A: { uri: 'x/', uriBaseId: 'B' }, B: { uri: 'y/', uriBaseId: 'A' } }, 'B')).toBeUndefined()
  })
  test('a base beside the root is foreign', () => {
    const bases = { SRCROOT: { uri: 'file:///w/src/' }, SDK: { uri: 'file:///opt/sdk/' } }
    expect(at(bases, 'SRCROOT')).toBe('a/b.c')
    expect(at(bases, 'SDK')).toBeUndefined()
    expect(at({ A: { uri: 'file:///a/' }, B: { uri: 'file:///b/' } }, 'A')).toBeUndefined()
    expect(at({ A: { uri: 'file:///a/' } }, 'A')).toBe('a/b.c')
  })
  test('the repository is where version control says', () => {
    const versionControlProvenance = [{ repositoryUri: 'https://x', mappedTo: { uriBaseId: 'REPO' } }]
    const bases = { REPO: { uri: 'file:///w/' }, SRCROOT: { uri: 'file:///w/app/' } }
    expect(at(bases, 'SRCROOT', 'a', { versionControlProvenance })).toBe('app/a')
    expect(at(bases, 'SRCROOT', 'a')).toBe('a')
  })
  test('or where the caller says, if the report does not', () => {
    expect(path({ uri: 'file:///w/r/a' }, {}, '/w/r')).toBe('a')
    expect(path({ uri: 'file:///w/r/a' }, {}, 'file:///w/r/')).toBe('a')
    expect(path({ uri: 'file:///w/r/a' }, {}, '/w/r/b')).toBeUndefined()
    expect(path({ uri: 'C:\\w\\r\\a' }, {}, 'C:/w/r')).toBe('a')
  })
})

describe('artifacts', () => {
  const artifacts = [{ location: { uri: 'x/y', uriBaseId: '%SRCROOT%' } }, null, { location: { index: 2 } }]
  test.each([[{ index: 0 }, 'x/y'], [{ index: 1 }, undefined], [{ index: 2 }, undefined], [{ index: 3 }, undefined], [{ index: -1 }, undefined], [{ index: 0.5 }, undefined], [{ uri: 'own', index: 0 }, 'own'], [{}, undefined]])('%j', (location, expected) => {
    expect(path(location, { artifacts })).toBe(expected)
  })
})
