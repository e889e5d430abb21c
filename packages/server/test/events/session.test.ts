/** A page that listens keeps nobody signed in, and hears nothing once they are not. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { peopleSite, type Browser, type PeopleSite } from '../http/browser.ts'
import { streamLimits } from '../../src/http/events.ts'
import { listen, type Listener } from './listener.ts'

let at: PeopleSite
let ann: Browser
let cookie = ''
const open: Listener[] = []
beforeAll(async () => {
  at = await peopleSite()
  ann = at.browser('ann')
  await at.rootVouch('ann', await at.enrol(ann))
  const signedIn = await ann.signIn()
  cookie = String([signedIn.headers['set-cookie'] ?? []].flat()[0]).replace(/;.*$/, '')
})
afterAll(async () => {
  for (const each of open) each.close()
  await at.close()
})

const listening = async (): Promise<Listener> => {
  const listener = await listen(at, '/v1/events', { token: '', headers: { cookie } })
  open.push(listener)
  return listener
}

test('one person has so many streams, and the next is let in once another is closed', async () => {
  for (let i = 0; i < streamLimits.one; i++) expect((await listening()).status).toBe(200)
  expect((await listening()).status).toBe(503)
  expect((await ann.ask('GET', '/v1/events')).json()).toMatchObject({ code: 'EVENTS_BUSY' })
  open[0]?.close()
  await expect.poll(async () => (await listening()).status, { timeout: 10_000 }).toBe(200)
})

test('to listen moves no idle end: the session is over half an hour after the last request', async () => {
  at.clock.now += 20 * 60_000
  for (const each of open.splice(0)) each.close()
  await expect.poll(async () => (await listening()).status, { timeout: 10_000 }).toBe(200)
  at.clock.now += 11 * 60_000
  expect((await listening()).status).toBe(401)
  expect((await ann.ask('GET', '/v1/session')).status).toBe(401)
})
