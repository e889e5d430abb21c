/** What stands around every page. */
import { type ReactNode, useEffect } from 'react'
import { remove } from '../api.ts'
import { useLogCheck } from '../log/watched.ts'
import type { SignedIn } from '../session.ts'
import { LogAlarm, LogFoot } from './log-watch.tsx'

interface LayoutProps {
  readonly title: string
  readonly signedIn: SignedIn | undefined
  /** For tables. */
  readonly wide?: boolean
  readonly children: ReactNode
}

const places = [['/', 'Now'], ['/opt-outs', 'Opt-outs'], ['/policies', 'Policies'], ['/log', 'Log'], ['/alarms', 'Alarms'], ['/people', 'People and keys']] as const

export function Layout({ title, signedIn, wide = false, children }: LayoutProps): ReactNode {
  useEffect(() => { document.title = `${title} · Exeat` }, [title])
  const session = signedIn?.session ?? null
  return (
    <>
      <a className="skip" href="#main">Skip to content</a>
      <header className="bar">
        <a className="brand" href="/">Exeat</a>
        {session === null ? null : (
          <>
            <nav aria-label="Main">{places.map(([path, name]) => <a key={path} href={path} {...(location.pathname === path ? { 'aria-current': 'page' } : {})}>{name}</a>)}</nav>
            <div className="who">
              <span className="label" title={`${session.person.iss} ${session.person.sub}`}>{session.label}</span>
              <button type="button" className="plain" onClick={() => { void signOut() }}>Sign out</button>
            </div>
          </>
        )}
      </header>
      <main id="main" tabIndex={-1} className={wide ? 'wide-page' : undefined}>
        {session === null ? <h1>{title}</h1> : <Watched title={title} />}
        {children}
      </main>
      <footer className="foot">{signedIn === undefined ? 'Exeat' : `Workspace ${signedIn.workspace}`} · every act stands in the log before it works{session === null ? null : <><br /><FootOfLog /></>}</footer>
    </>
  )
}

function Watched({ title }: { readonly title: string }): ReactNode {
  const check = useLogCheck()
  return <><LogAlarm check={check} /><h1>{title}</h1></>
}

function FootOfLog(): ReactNode {
  return <LogFoot check={useLogCheck()} />
}

async function signOut(): Promise<void> {
  await remove('/v1/session').catch(() => undefined)
  location.assign('/sign-in')
}
