/** What stands around every page. */
import { type ReactNode, useEffect } from 'react'
import { remove } from '../api.ts'
import type { SignedIn } from '../session.ts'

export function Layout({ title, signedIn, children }: { readonly title: string; readonly signedIn: SignedIn | undefined; readonly children: ReactNode }): ReactNode {
  useEffect(() => { document.title = `${title} · Exeat` }, [title])
  return (
    <>
      <a className="skip" href="#main">Skip to content</a>
      <header className="bar">
        <a className="brand" href="/">Exeat</a>
        {signedIn?.session === undefined || signedIn.session === null ? null : (
          <>
            <nav aria-label="Main"><a href="/">Opt-outs</a><a href="/alarms">Alarms</a><a href="/people">People and keys</a></nav>
            <div className="who">
              <span className="label" title={`${signedIn.session.person.iss} ${signedIn.session.person.sub}`}>{signedIn.session.label}</span>
              <button type="button" className="plain" onClick={() => { void signOut() }}>Sign out</button>
            </div>
          </>
        )}
      </header>
      <main id="main" tabIndex={-1}>
        <h1>{title}</h1>
        {children}
      </main>
      <footer className="foot">{signedIn === undefined ? 'Exeat' : `Workspace ${signedIn.workspace}`} · every act stands in the log before it works</footer>
    </>
  )
}

async function signOut(): Promise<void> {
  await remove('/v1/session').catch(() => undefined)
  location.assign('/sign-in')
}
