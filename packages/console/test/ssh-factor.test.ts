/** SSH security keys as second factors at a server: enrolled, and then signing acts without a browser. The sign-in alone needs one. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeWith } from '@exeat/testkit'
import { launch, type Person, personIn } from '@exeat/testkit/browser'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtCommand } from '../../cli/test/built.ts'
import { instant, optOut } from '../../cli/test/log-world.ts'
import { peopleWorld, type PeopleWorld } from '../../cli/test/people-world.ts'
import type { Ran } from '../../cli/test/session.ts'
import { sshAgent } from '../../testkit/src/ssh-agent.ts'
import { flag, type SshKey, sshKey, type SshSigning } from '../../testkit/src/ssh-authenticator.ts'

describeWith('ssh-keygen', 'with ssh-keygen', () => {
  describeWith('chromium', 'an SSH security key as a second factor', (executablePath) => {
    const main = builtCommand({ pages: true })
    const hour = 3_600_000
    const keys = { ann: sshKey('sk-ed25519'), ben: sshKey('sk-p256') } as const
    let world: PeopleWorld
    let browser: Awaited<ReturnType<typeof launch>>
    let sockets = 0
    const people = new Map<string, Person>()
    const home = (name: string): Readonly<Record<string, string>> => ({ XDG_STATE_HOME: `${world.state}-${name}` })

    /** As somebody who signed in, with a key in an agent of their own. */
    async function exeat(name: 'ann' | 'ben', args: readonly string[], signing: Partial<SshSigning> = {}, key: SshKey = keys[name]): Promise<Ran> {
      writeFileSync(join(world.data, `${name}.pub`), `${key.line} key ring\n`)
      const agent = await sshAgent(join(world.data, `${sockets++}.sock`), [key], signing)
      try {
        return await world.exeatLater([...args, '--server', world.origin], { ...home(name), SSH_AUTH_SOCK: agent.socket })
      } finally {
        await agent.close()
      }
    }
    const ssh = (name: 'ann' | 'ben'): readonly string[] => ['--ssh', join(world.data, name), '--yes']
    const codeOf = (said: string): string => /compare\s+(\S+)/.exec(said)?.[1] ?? 'none'

    beforeAll(async () => {
      world = await peopleWorld(main)
      browser = await launch(executablePath)
      for (const name of ['ann', 'ben']) {
        // oxlint-disable no-await-in-loop -- one after the other
        const person = await personIn(browser)
        people.set(name, person)
        const { page } = person
        await page.goto(world.invite(name))
        await page.getByLabel('Name of this key').fill('laptop')
        await page.getByRole('button', { name: 'Enrol a passkey' }).click()
        await page.getByRole('heading', { name: 'Key enrolled' }).waitFor()
        world.vouch(await page.locator('output.code').textContent() ?? '', name)
        const login = world.exeatTold(['login', '--server', world.origin], (said) => /type {2}(\S+)/.exec(said)?.[1], home(name))
        const code = await login.told
        await page.goto(`${world.origin}/device`)
        await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
        await page.getByLabel('Code').fill(code)
        await page.getByRole('button', { name: 'Look at it' }).click()
        await page.getByRole('button', { name: 'Sign it in' }).click()
        await page.getByRole('status').waitFor()
        const { exit, stderr } = await login.ended
        if (exit !== 0) throw new Error(stderr)
        // oxlint-enable no-await-in-loop
      }
      world.merge({ '.exeat/opt-outs/first.yaml': optOut('first') })
      const asked = await exeat('ann', ['request', 'first'])
      if (asked.exit !== 0) throw new Error(asked.stderr)
    }, 120_000)
    afterAll(async () => {
      await browser.close()
      await world.remove()
    })

    test('is enrolled by whoever holds it and is verified at it, and by nobody else', async () => {
      const add = ['enrol', 'add', join(world.data, 'ben'), '--label', 'ring']
      expect((await exeat('ben', add, { flags: flag.present })).stderr).toContain('PASSKEY_WRONG')
      expect((await exeat('ben', add, {}, sshKey('ed25519'))).stderr).toContain('PASSKEY_WRONG')
      const typed = await world.exeatLater(['enrol', 'add', join(world.data, 'ben'), '--actor', 'ben'])
      expect(typed).toMatchObject({ exit: 64, stderr: expect.stringContaining('USAGE') as string })
      const added = await exeat('ben', add)
      expect(added, added.stderr).toMatchObject({ exit: 0, stdout: expect.stringMatching(/ENROLLED[^]*ring, ssh[^]*compare/) as string })
      expect((await exeat('ben', add)).stderr).toContain('KEY_STANDS')
      // It is another's now: whoever comes with the same key enrols nothing.
      expect((await exeat('ann', ['enrol', 'add', join(world.data, 'ann')], {}, keys.ben)).stderr).toContain('KEY_STANDS')
      const early = await exeat('ben', ['approve', 'first', ...ssh('ben')])
      expect(early).toMatchObject({ exit: 3, stderr: expect.stringContaining('NOT_SIGNABLE') as string })
      world.vouch(codeOf(added.stdout), 'ben')
      const anns = await exeat('ann', ['enrol', 'add', join(world.data, 'ann')])
      expect(anns, anns.stderr).toMatchObject({ exit: 0 })
      world.vouch(codeOf(anns.stdout), 'ann')
    })

    test.each([
      ['nobody was verified at the key', 'touched, and not unlocked', [], { flags: flag.present }, undefined],
      ['TAP_WRONG', 'a key that nobody enrolled', [], {}, sshKey('sk-ed25519')],
      ['SHOWN_DIFFERS', 'another code than is shown', ['--code', '00000-00000-00000-00000'], {}, undefined],
    ] as const)('is refused with "%s": %s', async (told, _, more, signing, key) => {
      const refused = await exeat('ben', ['approve', 'first', ...ssh('ben'), ...more], signing, key)
      expect(refused.stderr).toContain(told)
      expect(world.exeat(['status', 'first']).stdout).toContain('proposed')
    })

    test('says so where nobody confirms, and where a typed name comes with it', async () => {
      expect(await exeat('ben', ['approve', 'first', '--ssh', join(world.data, 'ben')])).toMatchObject({ exit: 64, stderr: expect.stringContaining('NOT_CONFIRMED') as string })
      for (const args of [['approve', 'first'], ['emergency', 'first', '--team', 'engineering'], ['review', 'first', '--verdict', 'justified', '--reason', 'x']]) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const typed = await world.exeatLater([...args, '--ssh', join(world.data, 'ben'), '--server', `unix:${world.socket}`, '--actor', 'ben'])
        expect(typed).toMatchObject({ exit: 64, stderr: expect.stringContaining('USAGE') as string })
      }
    })

    test('approves and activates without a browser, and the gate passes on it', async () => {
      const approved = await exeat('ben', ['approve', 'first', ...ssh('ben')])
      expect(approved, approved.stderr).toMatchObject({ exit: 0, stdout: expect.stringMatching(/TO APPROVE[^]*APPROVED[^]*user-signed/) as string })
      const activated = await exeat('ann', ['activate', 'first', ...ssh('ann')])
      expect(activated, activated.stderr).toMatchObject({ exit: 0, stdout: expect.stringContaining('ACTIVATED') as string })
      const gate = world.gate()
      expect(gate, gate.stderr + gate.stdout).toMatchObject({ exit: 0, stdout: expect.stringContaining('user-signed') as string })
    })

    test('renews, declares an emergency, and reviews it', async () => {
      world.merge({
        '.exeat/opt-outs/first-2.yaml': optOut('first-2', { spec: '  renews: first\n', until: 72 * hour }),
        '.exeat/opt-outs/fire.yaml': optOut('fire', { until: 2 * hour }).replace('category: waiver', 'category: emergency').replace('CVE-2019-12900', 'CVE-2018-25032').replace(/from: [^,]+/, `from: ${instant(Date.now() - hour)}`),
      })
      const renewed = await exeat('ann', ['renew', 'first', ...ssh('ann')])
      expect(renewed, renewed.stderr).toMatchObject({ exit: 0, stdout: expect.stringMatching(/TO RENEW[^]*REQUESTED[^]*user-signed/) as string })
      const declared = await exeat('ann', ['emergency', 'fire', '--team', 'engineering', ...ssh('ann')])
      expect(declared, declared.stderr).toMatchObject({ exit: 0, stdout: expect.stringMatching(/for the team\s+engineering[^]*EMERGENCY/) as string })
      expect((await exeat('ann', ['review', 'fire', '--verdict', 'justified', '--reason', 'mine', ...ssh('ann')])).stderr).toContain('SELF_APPROVAL')
      const reviewed = await exeat('ben', ['review', 'fire', '--verdict', 'justified', '--reason', 'the site was down', ...ssh('ben')])
      expect(reviewed, reviewed.stderr).toMatchObject({ exit: 0, stdout: expect.stringMatching(/verdict\s+justified[^]*REVIEWED/) as string })
    })

    test('attack-20: an emergency by an SSH key waits for its second person, who sees the same in a browser and taps first', async () => {
      world.merge({ '.exeat/opt-outs/blaze.yaml': optOut('blaze', { until: 2 * hour }).replace('category: waiver', 'category: emergency').replace('CVE-2019-12900', 'CVE-2020-28928').replace(/from: [^,]+/, `from: ${instant(Date.now() - hour)}`) })
      const agent = await sshAgent(join(world.data, `${sockets++}.sock`), [keys.ann])
      const declaring = world.exeatTold(['emergency', 'blaze', '--team', 'engineering', '--second', 'ben', '--server', world.origin, ...ssh('ann')], (said) => {
        const [at, code] = [/confirms it at {2}(\S+)/.exec(said)?.[1], /compare\s+(\S+)/.exec(said)?.[1]]
        return at === undefined || code === undefined ? undefined : `${at} ${code}`
      }, { ...home('ann'), SSH_AUTH_SOCK: agent.socket })
      try {
        const [address = '', code = ''] = (await declaring.told).split(' ')
        // It stands nowhere while only one of the two has confirmed it.
        expect(world.exeat(['status', 'blaze']).stderr).toContain('UNKNOWN_OPTOUT')
        const { page } = people.get('ben') ?? { page: undefined }
        if (page === undefined) throw new Error('ben has no browser')
        await page.goto(address)
        await page.locator('output.code').waitFor()
        expect(await page.locator('output.code').textContent()).toBe(code)
        await page.getByText('declares an emergency, and names you').waitFor()
        await page.getByRole('button', { name: 'Confirm the emergency…' }).click()
        await page.getByText('You have confirmed it.').waitFor()
        const declared = await declaring.ended
        expect(declared, declared.stderr).toMatchObject({ exit: 0, stdout: expect.stringMatching(/second\s+ben \(exeat:local\)[^]*EMERGENCY[^]*user-signed/) as string })
      } finally {
        await agent.close()
      }
      // Whoever confirmed it neither reviews it nor hears its alarm.
      expect((await exeat('ben', ['review', 'blaze', '--verdict', 'justified', '--reason', 'mine too', ...ssh('ben')])).exit).toBe(3)
      expect((await exeat('ben', ['emergency', 'ack', 'blaze'])).stderr).toContain('ALARM_OWN')
    })
  })
})
