/**
 * Slack and Microsoft Teams by incoming webhooks. People are told here and decide nowhere but at the console: there is a link and never a button that acts.
 * Foreign text is sent as plain text alone (Block Kit `plain_text`, Adaptive Cards `TextRun`), which no chat reads as markup, a mention or a link.
 */
import type { Manner, Parcel, Telling } from '../../ports/sinks.ts'
import { type Said, saidOf } from './words.ts'

export interface ChatOptions {
  /** Where the console is; undefined: there is no link. */
  readonly console: () => string | undefined
}

/** Messages for one page of the log: what is more is told of as one. Both services take one a second. */
const [page, messages, pause] = [500, 20, 1_000]

interface Shape {
  /** The message itself. */
  readonly one: (said: Said, uses: number, link: string | undefined) => unknown
  readonly rest: (text: string, link: string | undefined) => unknown
}

export const slack = (options: ChatOptions): Manner => chat(options, { one: slackMessage, rest: slackRest })
export const teams = (options: ChatOptions): Manner => chat(options, { one: teamsMessage, rest: teamsRest })

function chat({ console: origin }: ChatOptions, { one, rest }: Shape): Manner {
  return {
    page, pause, parcels: (items) => gathered(items).map((parcel) => ({ items: parcel, lane: 'all' })),
    post: ({ items }) => {
      const [first] = items
      if (first === undefined) throw new Error('a message is about something')
      const isOne = items.every(({ type, subject }) => type === first.type && subject === first.subject && type === 'dev.exeat.use.claimed.v1') || items.length === 1
      const body = isOne ? one(saidOf(first), items.length, linkTo(origin(), first)) : rest(counted(items), origin())
      return { headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'exeat' }, body: new Uint8Array(Buffer.from(JSON.stringify(body), 'utf8')) }
    },
  }
}

/** What is urgent by itself and first; the uses of one opt-out together; each other by itself, and what is too much of it as one. */
function gathered(items: readonly Telling[]): readonly Parcel['items'][] {
  const urgent = items.filter((item) => saidOf(item).urgent).map((item) => [item])
  const uses = new Map<string, Telling[]>()
  const others: Telling[][] = []
  for (const item of items) {
    if (saidOf(item).urgent) continue
    if (item.type !== 'dev.exeat.use.claimed.v1') others.push([item])
    else {
      const key = item.subject ?? ''
      const of = uses.get(key)
      if (of === undefined) {
        const begun = [item]
        uses.set(key, begun)
        others.push(begun)
      } else of.push(item)
    }
  }
  const shown = others.slice(0, others.length > messages ? messages - 1 : messages)
  const hidden = others.slice(shown.length).flat()
  return [...urgent, ...shown, ...(hidden.length === 0 ? [] : [hidden])]
}

function counted(items: readonly Telling[]): string {
  const by = new Map<string, number>()
  for (const item of items) {
    const { title } = saidOf(item)
    by.set(title, (by.get(title) ?? 0) + 1)
  }
  return `${items.length} more events: ${[...by].map(([title, count]) => `${title} (${count})`).join(', ')}`
}

/** The page of the opt-out, by its uid: a name in an address would be foreign text. */
function linkTo(origin: string | undefined, { subject }: Telling): string | undefined {
  if (origin === undefined) return undefined
  return subject === null || !/^[0-9a-f]{64}$/.test(subject) ? origin : `${origin}/opt-outs/${subject}`
}

const heading = ({ title, about }: Said, uses: number): string => `${title}${uses > 1 ? `, ${uses} times` : ''}${about.told.data['emergency'] === true ? ' (emergency)' : ''}`
const footing = ({ about }: Said): string => `${about.told.source}${about.index === undefined ? '' : `, entry ${about.index}`}, ${about.told.time}`

const plain = (text: string) => ({ type: 'plain_text', text, emoji: false })
const slackEscaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** https://api.slack.com/reference/block-kit/blocks: a header has 150 characters, a section's text 3,000, of its ten fields each 2,000. */
function slackMessage(said: Said, uses: number, link: string | undefined): unknown {
  const { name, facts } = said
  return {
    // What notifications show is read as markup: nothing foreign but the name is in it, escaped, and a DNS label anyway.
    text: slackEscaped(`${heading(said, uses)}${name === undefined ? '' : `: ${name}`}`), mrkdwn: false, unfurl_links: false, unfurl_media: false,
    blocks: [
      { type: 'header', text: plain(heading(said, uses).slice(0, 150)) },
      ...(name === undefined ? [] : [{ type: 'section', text: plain(name) }]),
      ...(facts.length === 0 ? [] : [{ type: 'section', fields: facts.map(([label, text]) => plain(`${label}: ${text}`)) }]),
      ...(link === undefined ? [] : [{ type: 'section', text: { type: 'mrkdwn', text: `<${slackEscaped(link)}|Look at it>` } }]),
      { type: 'context', elements: [plain(footing(said))] },
    ],
  }
}

const slackRest = (text: string, link: string | undefined): unknown => ({
  text: slackEscaped(text), mrkdwn: false, unfurl_links: false, unfurl_media: false,
  blocks: [{ type: 'section', text: plain(text) }, ...(link === undefined ? [] : [{ type: 'section', text: { type: 'mrkdwn', text: `<${slackEscaped(link)}|Look at them>` } }])],
})

const run = (text: string, more: Readonly<Record<string, unknown>> = {}) => ({ type: 'RichTextBlock', inlines: [{ type: 'TextRun', text, ...more }] })

/** https://adaptivecards.io/explorer/, version 1.4: as a Workflow of Teams takes it. */
function card(body: readonly unknown[], link: string | undefined, title: string): unknown {
  return {
    type: 'message',
    attachments: [{
      contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null,
      content: {
        $schema: 'http://adaptivecards.io/schemas/adaptive-card.json', type: 'AdaptiveCard', version: '1.4', body, ...(link === undefined ? {} : { actions: [{ type: 'Action.OpenUrl', title, url: link }] }),
      },
    }],
  }
}

function teamsMessage(said: Said, uses: number, link: string | undefined): unknown {
  const { name, facts, urgent } = said
  return card([
    run(heading(said, uses), { weight: 'Bolder', size: 'Medium', ...(urgent ? { color: 'Attention' } : {}) }),
    ...(name === undefined ? [] : [run(name, { fontType: 'Monospace' })]),
    ...facts.map(([label, text]) => ({ type: 'RichTextBlock', inlines: [{ type: 'TextRun', text: `${label}: `, isSubtle: true }, { type: 'TextRun', text }] })),
    run(footing(said), { isSubtle: true, size: 'Small' }),
  ], link, 'Look at it')
}

const teamsRest = (text: string, link: string | undefined): unknown => card([run(text)], link, 'Look at them')
