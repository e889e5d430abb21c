/** Which page it is, by its path. Pages are loaded anew, so that no state outlives a sign-out. */
import './no-eval.ts'
import { type ReactNode, StrictMode, useCallback } from 'react'
import { createRoot } from 'react-dom/client'
import { AlarmsPage } from './pages/alarms.tsx'
import { DevicePage } from './pages/device.tsx'
import { EnrolPage } from './pages/enrol.tsx'
import { LogPage } from './pages/log.tsx'
import { NowPage } from './pages/now.tsx'
import { OptOutPage } from './pages/opt-out.tsx'
import { OptOutsPage } from './pages/opt-outs.tsx'
import { PeoplePage } from './pages/people.tsx'
import { PoliciesPage } from './pages/policies.tsx'
import { SecondPage } from './pages/second.tsx'
import { SignInPage } from './pages/sign-in.tsx'
import { TapPage } from './pages/tap.tsx'
import { Layout } from './parts/layout.tsx'
import { Loaded, useLoaded } from './parts/loaded.tsx'
import { signInPath, type SignedIn, whoIsThere } from './session.ts'

function Page(): ReactNode {
  const who = useLoaded(useCallback(whoIsThere, []))
  return <Loaded from={who}>{(signedIn) => pageOf(location.pathname, signedIn)}</Loaded>
}

function pageOf(path: string, signedIn: SignedIn): ReactNode {
  if (path === '/sign-in') return <SignInPage signedIn={signedIn} />
  if (path === '/enrol') return <EnrolPage signedIn={signedIn} />
  const { session } = signedIn
  if (session === null) {
    location.replace(signInPath())
    return null
  }
  if (path === '/') return <NowPage signedIn={signedIn} />
  if (path === '/opt-outs') return <OptOutsPage signedIn={signedIn} />
  if (path === '/policies') return <PoliciesPage signedIn={signedIn} />
  if (path === '/log') return <LogPage signedIn={signedIn} />
  if (path === '/alarms') return <AlarmsPage session={session} signedIn={signedIn} />
  if (path === '/people') return <PeoplePage signedIn={signedIn} />
  if (path === '/device') return <DevicePage session={session} signedIn={signedIn} />
  const [, kind, id] = /^\/(opt-outs|tap|second)\/([^/]+)$/.exec(path) ?? []
  if (kind === 'opt-outs' && id !== undefined) return <OptOutPage id={decodeURIComponent(id)} signedIn={signedIn} />
  if (kind === 'second' && id !== undefined) return <SecondPage id={decodeURIComponent(id)} session={session} signedIn={signedIn} />
  if (kind === 'tap' && id !== undefined) return <TapPage id={decodeURIComponent(id)} session={session} signedIn={signedIn} />
  return <Layout title="Nothing here" signedIn={signedIn}><p>There is no page at this address. <a href="/">What is off now</a></p></Layout>
}

const root = document.querySelector('#root')
if (root === null) throw new Error('the page has no root')
createRoot(root).render(<StrictMode><Page /></StrictMode>)
