/** Debian's Chromium, with a virtual authenticator of the DevTools protocol in each person's own profile. */
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
]

export const launch = (executablePath: string): Promise<Browser> => chromium.launch({ executablePath, headless: true, args: flags })

export interface Person {
  readonly context: BrowserContext
  readonly page: Page
  /** What the console and the network refused: must stay empty. */
  readonly complaints: string[]
  /** Evaluates within the page as a debugger does: under the page's own policy, which forbids what a script would need for it. */
  run(expression: string): Promise<unknown>
  /** Whether the authenticator answers, and whether it verifies its user. */
  setPresence(verified: boolean): Promise<void>
  /** A further authenticator, of which one at a time answers: a key on a ring beside the device's own. */
  addKey(): Promise<{ readonly use: (which: 'device' | 'ring') => Promise<void> }>
}

/** A person with a device of their own: passkeys live in its authenticator alone. */
export async function personIn(browser: Browser): Promise<Person> {
  const context = await browser.newContext({ viewport: { width: 1180, height: 900 }, timezoneId: 'Europe/Berlin', locale: 'en-GB' })
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => { complaints.push(error.message) })
  const devTools = await context.newCDPSession(page)
  await devTools.send('WebAuthn.enable')
  const authenticator = async (transport: 'internal' | 'usb'): Promise<string> => (await devTools.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport, hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  })).authenticatorId
  const authenticatorId = await authenticator('internal')
  const run = async (expression: string): Promise<unknown> => {
    const { result, exceptionDetails } = await devTools.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.text)
    return result.value
  }
  const addKey = async (): ReturnType<Person['addKey']> => {
    const ring = await authenticator('usb')
    const use = async (which: 'device' | 'ring'): Promise<void> => {
      await devTools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: which === 'device' })
      await devTools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: ring, enabled: which === 'ring' })
    }
    return { use }
  }
  return { context, page, complaints, run, addKey, setPresence: async (verified) => { await devTools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: verified }) } }
}

const looks = [['light', 1180], ['dark', 1180], ['light', 390], ['dark', 390]] as const

/** The page in light and dark, at desk and phone width: `name-dark-phone.png`. Answers what runs over the edge of a phone. */
export async function pictures({ page, run }: Person, folder: string, name: string): Promise<readonly string[]> {
  const over: string[] = []
  for (const [colorScheme, width] of looks) {
    // oxlint-disable no-await-in-loop -- one page, one look after the other
    // Else a picture shows colours on their way from one look to the other.
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.setViewportSize({ width, height: 900 })
    await page.screenshot({ path: `${folder}/${name}-${colorScheme}-${width < 500 ? 'phone' : 'desk'}.png`, fullPage: true })
    const { scrollWidth, clientWidth } = await run('({ scrollWidth: document.documentElement.scrollWidth, clientWidth: document.documentElement.clientWidth })') as { scrollWidth: number; clientWidth: number }
    if (scrollWidth > clientWidth) over.push(`${name} at ${width}: ${scrollWidth} > ${clientWidth}`)
    // oxlint-enable no-await-in-loop
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: null })
  await page.setViewportSize({ width: 1180, height: 900 })
  return over
}
