import { afterEach, describe, expect, test } from 'vitest'
import { temporaryClone, temporaryRepository, type TemporaryRepository } from '../../testkit/src/git.ts'
import { mentions, readChange } from '../src/change/index.ts'
import { problemsOf } from './support.ts'

const made: TemporaryRepository[] = []
afterEach(() => { for (const each of made.splice(0)) each.remove() })

function repository(): TemporaryRepository {
  const one = temporaryRepository({ 'a.txt': 'a', 'gone.txt': 'b' })
  made.push(one)
  one.git('checkout', '--quiet', '-b', 'change')
  one.git('rm', '--quiet', 'gone.txt')
  one.commit({ 'a.txt': 'Exeat', 'new file\n.txt': 'c' }, 'Change\n\nCo-authored-by: Ben <BEN@acme.example>')
  return one
}
const read = (of: TemporaryRepository, head = 'change', base = of.git('rev-parse', 'main')) => readChange(of.dir, { base, head })

describe('a change', () => {
  test('is what it touches since it parted from the branch, and who wrote it', async () => {
    const one = repository()
    one.git('checkout', '--quiet', 'main')
    const tip = one.commit({ 'later.txt': 'd' })
    const change = await read(one)
    expect(change).toMatchObject({ base: tip, head: one.git('rev-parse', 'change'), mergeBase: one.git('rev-parse', 'main~1'), people: ['alice@acme.example', 'ben@acme.example'] })
    expect(change.files.map(({ path, kind, before, after }) => [path, kind, before !== undefined, after !== undefined])).toEqual([['a.txt', 'file', true, true], ['gone.txt', 'file', true, false], ['new file\n.txt', 'file', false, true]])
  })
  test('is not written by whoever adds signatures alone, wherever it is read from', async () => {
    const one = repository()
    const by = (name: string, files: Readonly<Record<string, string>>, ...args: readonly string[]) => {
      for (const [path, content] of Object.entries(files)) one.write(path, content)
      one.git('add', '--all')
      one.gitWith({ env: { GIT_AUTHOR_EMAIL: `${name}@acme.example`, GIT_COMMITTER_EMAIL: `${name}@acme.example` } }, 'commit', '--quiet', '-m', 'x', ...args)
    }
    by('signer', { '.exeat/signatures/a/b.json': '{}' })
    by('both', { '.exeat/signatures/a/c.json': '{}', 'deep/er/a.txt': '' })
    by('nearly', { '.exeat/Signatures/a.json': '{}' })
    by('empty', {}, '--allow-empty')
    one.git('checkout', '--quiet', '-b', 'side', 'change~1')
    by('side', { '.exeat/signatures/a/d.json': '{}' })
    one.git('checkout', '--quiet', 'change')
    one.gitWith({ env: { GIT_AUTHOR_EMAIL: 'merger@acme.example', GIT_COMMITTER_EMAIL: 'merger@acme.example' } }, 'merge', '--quiet', '-m', 'There', 'side')
    const people = ['alice', 'ben', 'both', 'empty', 'merger', 'nearly'].map((name) => `${name}@acme.example`)
    const bare = temporaryClone(one, '--bare')
    made.push(bare)
    const given = { base: one.git('rev-parse', 'main'), head: one.git('rev-parse', 'change') }
    for (const dir of [one.dir, `${one.dir}/deep/er`, bare.dir]) expect((await readChange(dir, given)).people, dir).toEqual(people)
  })
  test('of a file that mentions a word, before or after, in any case', async () => {
    const one = repository()
    const [a, gone] = (await read(one)).files
    if (a === undefined || gone === undefined) throw new Error('two files changed')
    expect([await mentions(one.dir, a, 'exeat'), await mentions(one.dir, gone, 'exeat')]).toEqual([true, false])
  })
  test('that has nothing in common with the branch, or parted from it twice, is told', async () => {
    const one = repository()
    one.git('checkout', '--quiet', '--orphan', 'alone')
    one.commit({ 'x.txt': 'x' })
    expect(await problemsOf(read(one, 'alone'))).toMatchObject([{ code: 'CHANGE_UNRELATED', message: expect.stringContaining('no commit in common') as string }])
    one.git('checkout', '--quiet', 'main')
    one.commit({ 'y.txt': 'y' })
    const [main, change] = ['main', 'change'].map((name) => one.git('rev-parse', name))
    one.git('merge', '--quiet', '-m', 'There', change ?? '')
    one.git('checkout', '--quiet', 'change')
    one.git('merge', '--quiet', '-m', 'Back', main ?? '')
    expect(await problemsOf(read(one))).toMatchObject([{ code: 'CHANGE_UNRELATED', message: expect.stringContaining('2 commits at once') as string }])
  })
  test('of a commit that is not there, of an option, and in a shallow clone', async () => {
    const one = repository()
    for (const head of ['nothing', '--all', '-x', 'a\0b', 'f'.repeat(40)]) expect(await problemsOf(read(one, head)), head).toMatchObject([{ code: 'REF_MISSING' }])
    const clone = temporaryClone(one, '--depth=1', '--no-single-branch')
    made.push(clone)
    expect(await problemsOf(read(clone, 'origin/change', clone.git('rev-parse', 'origin/main')))).toMatchObject([{ code: 'HISTORY_CUT_OFF' }])
  })
})
