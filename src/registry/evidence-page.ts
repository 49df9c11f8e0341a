/**
 * One page about a checked bundle of evidence, for someone who has never heard of any of this: as HTML without scripts, and
 * as plain text. It says what was established and what was not, and how to check that it says so rightly.
 */

import type { Json } from '../hash/canonical.ts'
import type { Established } from '../verifier/established.ts'

interface Section {
  readonly title: string
  readonly lines: readonly string[]
}

/** @param fingerprint SHA-256 of the bundle's file, so that page and file belong together */
export function evidenceText(established: Established, fingerprint: string): string {
  const parts = sectionsOf(established, fingerprint).map(({ title, lines }) => `${title.toUpperCase()}\n${lines.map((line) => `  - ${line}`).join('\n')}`)
  return `${titleOf(established)}\n\n${established.says}\n\n${parts.join('\n\n')}\n`
}

export function evidenceHtml(established: Established, fingerprint: string): string {
  const parts = sectionsOf(established, fingerprint).map(({ title, lines }) => `<h2>${escape(title)}</h2>\n<ul>\n${lines.map((line) => `<li>${escape(line)}</li>`).join('\n')}\n</ul>`)
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escape(titleOf(established))}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body{font:1rem/1.5 Georgia,serif;max-width:46rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}h1{font-size:1.4rem}h2{font-size:1.1rem}blockquote{font-size:1.2rem}@media print{body{margin:0}}</style></head>
<body>
<h1>${escape(titleOf(established))}</h1>
<blockquote>${escape(established.says)}</blockquote>
${parts.join('\n')}
</body>
</html>
`
}

function titleOf({ statement }: Established): string {
  return `Evidence of a proof: ${statement.name}, version ${statement.version}`
}

function sectionsOf(established: Established, fingerprint: string): Section[] {
  const { accepted, askedBy, parameters, disclosed, pseudonym, seen, notSeen } = established
  const sections: Section[] = [
    {
      title: 'When and where',
      lines: [
        `Recorded by the registry ${established.origin}${accepted ? ` as entry ${accepted.index}, on ${timeText(accepted.at)}, in a log that then had ${accepted.size} entries` : ''}.`,
        `The documents were issued, unexpired and unrevoked at ${timeText(established.provedAt)}.`,
      ],
    },
    { title: 'What was proved', lines: established.proved },
    { title: 'Who asked', lines: askedBy === undefined ? ['The request is not in this file: who asked is not known.'] : [`${askedBy}, in a request that it signed.`, ...valuesText(parameters)] },
    { title: 'What was disclosed to who asked', lines: disclosed === undefined ? ['The answer is not in this file: disclosed values are not known.'] : [...none(valuesText(disclosed)), ...(pseudonym === undefined ? [] : [`The holder’s pseudonym towards who asked: ${pseudonym}`])] },
    { title: 'What this rests on', lines: seen },
    { title: 'What this file does not show', lines: none(notSeen) },
    { title: 'To check it', lines: [`The file that this page belongs to has the SHA-256 ${fingerprint}.`, 'attestry receipt verify FILE repeats every check, without a network.', `Statement: ${established.statement.hash}`, ...established.nullifiers.map((nullifier) => `Nullifier: ${nullifier}`)] },
  ]
  return sections
}

function valuesText(values: Readonly<Record<string, Json>> | undefined): string[] {
  return Object.entries(values ?? {}).map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
}

function none(lines: readonly string[]): readonly string[] {
  return lines.length > 0 ? lines : ['Nothing.']
}

function timeText(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')
}
