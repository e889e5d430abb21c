import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { temporaryFolder, temporaryRepository, type TemporaryRepository } from '../../testkit/src/index.ts'
import { fetchMirror, isRemote, readGovernance } from '../src/index.ts'
import { governanceFiles, problemsOf, sha256 } from './support.ts'

let remote: TemporaryRepository
let dir: string
beforeEach(() => {
  remote = temporaryRepository(governanceFiles)
  dir = join(temporaryFolder(), 'mirror')
})
afterEach(() => {
  remote.remove()
  rmSync(join(dir, '..'), { recursive: true, force: true })
})

const url = (): string => `file://${remote.dir}`
const commitIn = async (): Promise<string> => {
  const { source } = await readGovernance({ dir, sha256, ref: 'refs/heads/main' })
  return source.kind === 'ref' ? source.commit : ''
}

test('the branch of the remote is read from its mirror, and again after it moved', async () => {
  expect(await fetchMirror({ url: url(), dir })).toEqual({ ref: 'refs/heads/main' })
  expect(await commitIn()).toBe(remote.git('rev-parse', 'HEAD'))
  const next = remote.commit({ 'more.txt': 'more' })
  await fetchMirror({ url: url(), dir, branch: 'main' })
  expect(await commitIn()).toBe(next)
})

test('a branch that was moved back or aside is followed', async () => {
  const first = remote.git('rev-parse', 'HEAD')
  remote.commit({ 'a.txt': 'a' })
  await fetchMirror({ url: url(), dir })
  remote.git('reset', '--quiet', '--hard', first)
  await fetchMirror({ url: url(), dir })
  expect(await commitIn()).toBe(first)
})

test('nothing but the branch is fetched, and nothing of the remote is run', async () => {
  remote.git('tag', 'v1')
  remote.git('branch', 'other')
  const marker = join(dir, '..', 'ran')
  const hook = join(remote.dir, '.git', 'hooks', 'post-upload-pack')
  writeFileSync(hook, `#!/bin/sh\ntouch ${marker}\n`, { mode: 0o755 })
  await fetchMirror({ url: url(), dir })
  const refs = remote.git('-C', dir, 'for-each-ref', '--format=%(refname)').split('\n')
  expect(refs).toEqual(['refs/heads/main'])
  expect(existsSync(marker)).toBe(false)
  expect(readdirSync(dir)).not.toContain('FETCH_HEAD')
})

test('hooks of the mirror itself do not run', async () => {
  await fetchMirror({ url: url(), dir })
  const marker = join(dir, '..', 'ran')
  writeFileSync(join(dir, 'hooks', 'reference-transaction'), `#!/bin/sh\ntouch ${marker}\n`, { mode: 0o755 })
  remote.commit({ 'b.txt': 'b' })
  await fetchMirror({ url: url(), dir })
  expect(existsSync(marker)).toBe(false)
})

describe('a failure leaves the mirror as it was', () => {
  test('the remote is gone', async () => {
    await fetchMirror({ url: url(), dir })
    const before = await commitIn()
    remote.remove()
    expect((await problemsOf(fetchMirror({ url: url(), dir })))[0]?.code).toMatch(/^(?:GIT_FAILED|REPOSITORY_MISSING)$/)
    expect(await commitIn()).toBe(before)
  })

  test('the branch is gone', async () => {
    await fetchMirror({ url: url(), dir })
    expect((await problemsOf(fetchMirror({ url: url(), dir, branch: 'elsewhere' })))[0]?.code).toBe('GIT_FAILED')
    expect(await commitIn()).toBe(remote.git('rev-parse', 'HEAD'))
  })

  test('a remote that says nothing is not waited for', async () => {
    const [problem] = await problemsOf(fetchMirror({ url: url(), dir, patience: 1 }))
    expect(problem?.code).toBe('GIT_TIMEOUT')
  })

  test('a remote without a commit has no branch of its own', async () => {
    const empty = temporaryRepository(undefined, { branch: 'main' })
    expect((await problemsOf(fetchMirror({ url: `file://${empty.dir}`, dir })))[0]?.code).toBe('REF_UNBORN')
    empty.remove()
  })
})

test.for([
  'http://example.com/a.git', 'git://example.com/a.git', 'ext::sh -c "touch /tmp/never"', 'file://relative', '-oProxyCommand=x', 'ssh://-oProxyCommand=x/a', 'git@-oProxyCommand=x:a',
  '-x@host:a', 'https://', 'https://exa mple.com/a', 'https://example.com/a\nb', 'fd::0', '/a/folder', '', 'host::x',
])('%s is no remote that is spoken to', async (wrong) => {
  expect((await problemsOf(fetchMirror({ url: wrong, dir })))[0]?.code).toBe('REMOTE_REFUSED')
})

test('user and password of a URL are never told', async () => {
  expect(JSON.stringify(await problemsOf(fetchMirror({ url: 'http://user:half@secret@127.0.0.1/a.git', dir })))).not.toMatch(/half|secret/)
  const problems = await problemsOf(fetchMirror({ url: 'https://user:secret@127.0.0.1:9/a.git', dir, branch: 'main', patience: 20_000 }))
  expect(JSON.stringify(problems)).not.toMatch(/secret/)
})

test('which texts name a remote', () => {
  expect(['https://a/b', 'ssh://a/b', 'file:///a', 'git@a:b', 'ext::x', 'http://a'].map(isRemote)).toEqual([true, true, true, true, true, true])
  expect(['/a/b', './a', 'a/b', '..', 'C:\\a', 'c:/a', 'a@b/c'].map(isRemote)).toEqual([false, false, false, false, false, false, false])
})

test('no password stands in the mirror', async () => {
  await fetchMirror({ url: url(), dir })
  expect(readFileSync(join(dir, 'config'), 'utf8')).not.toContain(remote.dir)
})
