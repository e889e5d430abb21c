import { cpSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { temporaryClone, temporaryRepository, type TemporaryRepository } from '../../testkit/src/git.ts'
import { aliasesOf, inQuarantine, isForward, readChange } from '../src/change/index.ts'
import { problemsOf } from './support.ts'

const made: TemporaryRepository[] = []
afterEach(() => { for (const each of made.splice(0)) each.remove() })

/** A repository to which a clone's commit was pushed, and whose hook has not spoken. */
function pushed() {
  const one = temporaryRepository({ 'a.txt': 'a' })
  const clone = temporaryClone(one)
  made.push(one, clone)
  const [base, head] = [one.git('rev-parse', 'main'), clone.commit({ 'b.txt': 'b' })]
  const folder = join(one.dir, '.git/objects/tmp_objdir-incoming-Xy1234')
  cpSync(join(clone.dir, '.git/objects'), folder, { recursive: true })
  return { one, base, head, folder, read: () => readChange(one.dir, { base, head }) }
}

describe('objects of a push', () => {
  test('are found within it, and before and after it they are not', async () => {
    const { one, base, head, folder, read } = pushed()
    const within = inQuarantine(one.dir, { GIT_QUARANTINE_PATH: folder, GIT_OBJECT_DIRECTORY: folder }, read)
    expect(await problemsOf(read())).toMatchObject([{ code: 'REF_MISSING' }])
    expect(await within).toMatchObject({ base, head, files: [{ path: 'b.txt' }] })
    expect(await problemsOf(read())).toMatchObject([{ code: 'REF_MISSING' }])
    expect(await problemsOf(isForward(one.dir, base, head))).toMatchObject([{ code: 'REPOSITORY_DAMAGED' }])
  })
  test('have arrived where no variable names them', async () => {
    const { one, base } = pushed()
    expect(await inQuarantine(one.dir, {}, () => isForward(one.dir, base, base))).toBe(true)
  })
  test('lie right in the folder of objects, and both variables say so: anything else is refused', async () => {
    const { one, folder, read } = pushed()
    const link = join(one.dir, '.git/objects/incoming-link')
    symlinkSync(one.dir, link)
    for (const [quarantine, written] of [[undefined, folder], [folder, undefined], [folder, `${folder}/pack`], ['', ''], [one.dir, one.dir], [`${folder}/..`, `${folder}/..`], [link, link], [`${folder}\0`, folder]]) {
      const env = { ...(quarantine === undefined ? {} : { GIT_QUARANTINE_PATH: quarantine }), ...(written === undefined ? {} : { GIT_OBJECT_DIRECTORY: written }) }
      expect((await problemsOf(inQuarantine(one.dir, env, read))).map(({ code }) => code), JSON.stringify(env)).toEqual(['QUARANTINE_REFUSED'])
    }
  })
})

test('a name that stands for a branch is known, and whether a branch only goes forward', async () => {
  const { one } = pushed()
  one.git('symbolic-ref', 'refs/heads/stable', 'refs/heads/main')
  expect([...await aliasesOf(one.dir)]).toEqual([['refs/heads/stable', 'refs/heads/main']])
  const [before, after] = [one.git('rev-parse', 'main'), one.commit({ 'c.txt': 'c' })]
  expect([await isForward(one.dir, before, after), await isForward(one.dir, after, before)]).toEqual([true, false])
})
