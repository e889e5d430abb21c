/** The page of a simulation, as text and in a real browser. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Simulation } from '@exeat/core/impact'
import { describeWith } from '@exeat/testkit'
import { launch } from '@exeat/testkit/browser'
import { expect, test } from 'vitest'
import { simulationPage } from '../../src/simulate/html/page.ts'

const hostile = '</script><script>window.owned=1</script><img src=x onerror=window.owned=1>"\'`${1}\u202etxt\u001b[31m\u2028<style>*{display:none}</style>'
const at = '2026-11-23T12:00:00Z'
const sample = { fingerprint: 'a'.repeat(64), control: `trivy/${hostile}`, severity: 'high' as const, repository: hostile, environment: hostile, path: hostile, line: 3, resource: hostile }
const outcomes = (excused: number, blocked: number): Simulation['before'] => ({ passed: 1, excused, blocked })
const tally = (name: string): Simulation['opened']['control'] => ({ top: [{ name, findings: 3 }], others: 2 })

const simulation: Simulation = {
  schemaVersion: 1, kind: 'Simulation', authoritative: false, governance: hostile, at, now: at, isolated: true, runs: 1, findings: 9,
  before: outcomes(1, 7), after: outcomes(4, 4), bySeverity: [{ severity: 'high', before: outcomes(1, 7), after: outcomes(4, 4) }, { severity: 'unknown', before: outcomes(0, 0), after: outcomes(0, 0) }],
  opened: { total: 60, samples: [sample], control: tally(hostile), severity: tally('high'), repository: tally(hostile), environment: tally(hostile), path: tally(hostile) },
  closed: { total: 1, samples: [sample], control: tally(hostile) },
  optOuts: [{
    name: hostile, change: 'changed', document: 'b'.repeat(64), from: at, until: '2026-12-01T00:00:00Z', owner: hostile, refused: [{ code: 'FORBIDDEN', term: hostile, message: hostile, hint: hostile }],
    impact: { digest: 'c'.repeat(64), fingerprints: 3, recorded: 'd'.repeat(64), assumed: false, stale: true, added: 1, gone: 2 }, limit: 3, measured: 9,
    unintended: { total: 1, samples: [sample] }, alreadyCovered: [{ optOut: hostile, findings: 2 }], nearMisses: [{ code: 'OPTOUT_OTHER_TARGET', key: hostile, findings: 2, example: sample }],
    redAgain: { at, findings: 4, byControl: [{ name: hostile, findings: 4 }] }, canaries: [{ kind: 'path', tried: 3, excused: 1, example: sample }, { kind: 'rule', tried: 3, excused: 0 }], untold: { nearMisses: 7, neighbours: 8 },
    suggestion: { keys: [{ key: hostile, from: hostile, to: hostile }], document: {}, patch: `--- a\n+++ b\n+${hostile}\n` },
  }],
  open: [{ control: hostile, owner: hostile, findings: 4, until: '2026-12-01T00:00:00Z' }],
  timeline: [{ until: '2026-11-28T00:00:00Z', findings: 1, optOuts: [hostile] }, { until: '2026-12-01T00:00:00Z', findings: 3, optOuts: [hostile] }],
  problems: [{ severity: 'error', code: 'IMPACT_STALE', message: hostile, hint: hostile }], suggested: true,
  confirmed: { tool: hostile, findings: 3, excused: 2, written: 1, holds: false, inexpressible: [{ code: hostile, message: hostile }], silenced: { total: 1, samples: [{ control: hostile, path: hostile, line: 3, resource: hostile }] }, remaining: { total: 0, samples: [] } },
}

test('nothing in a name is markup, and no character of one turns a line around', () => {
  const page = simulationPage(simulation)
  expect(page).not.toMatch(/<script|<img|<style>\*|[\u001b\u202e\u2028]/i)
  expect(page.match(/<style>/g)?.length).toBe(1)
  expect(page).not.toMatch(/\b(?:href|src|style|on[a-z]+)="/)
  expect(page).toContain("default-src 'none'; style-src 'sha256-")
  expect(page).not.toMatch(/NaN|Infinity|undefined/)
})

test('a simulation of nothing is a page too', () => {
  const nothing = { ...simulation, opened: { ...simulation.opened, total: 0, samples: [] }, optOuts: [], open: [], timeline: [], problems: [], bySeverity: [] }
  expect(simulationPage(nothing)).toContain('excuses nothing new')
})

describeWith('chromium', 'the page in Chromium', (executablePath) => {
  test.for([['light', 1100], ['dark', 1100], ['light', 360]] as const)('%s at %d pixels: styled by its own sheet alone, runs nothing, scrolls in one direction', { timeout: 60_000 }, async ([colorScheme, width]) => {
    const folder = mkdtempSync(join(tmpdir(), 'exeat-page-'))
    const browser = await launch(executablePath)
    try {
      writeFileSync(join(folder, 'page.html'), simulationPage(simulation))
      const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } })
      const told: string[] = []
      page.on('console', (message) => { told.push(message.text()) })
      page.on('request', (request) => { if (!request.url().startsWith('file:')) told.push(request.url()) })
      await page.goto(pathToFileURL(join(folder, 'page.html')).href)
      expect(told).toEqual([])
      expect(await page.evaluate('window.owned')).toBeUndefined()
      expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true)
      expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(colorScheme === 'dark' ? 'rgb(13, 17, 23)' : 'rgb(255, 255, 255)')
      expect(await page.getByRole('figure').count()).toBe(2)
      expect(await page.locator('figure .sr').first().textContent()).toContain('high: 7 blocked, 1 excused, 1 passed without the change')
    } finally {
      await browser.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
