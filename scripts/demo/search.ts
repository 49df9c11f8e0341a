/** The demo's last look: values of the stories' documents must lie with their owners and nowhere else, in no file and no log. */

import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** A value, and the directories of those who may have it in the clear. */
const SECRETS: readonly (readonly [string, readonly string[]])[] = [
  ['CARD_INTERMEDIATE_CARE', ['hospital-k911']], // the department that treated the patient
  ['AT:SVNR:1237010180', ['hospital-k911', 'insurer-one', 'insurer-two']], // the insurers asked for it
  ['Moderna Produkter Aktiebolag i Stockholm', ['bank-a', 'bank-b']], // revealed to bank B
  ['KYC-2025-00417', ['bank-a']],
  ['250000.00', ['bank-a']], // the limit
  ['2500000000', []], // and as it is encoded
  ['QuoteID123', ['johnssons-byggvaror']], // in the order
  ['34564645', ['e-invoice-authority', 'customs-broker']], // the invoice's number
  ['10500.00', ['e-invoice-authority', 'customs-broker']],
]

export interface Searched {
  readonly files: number
  /** Where something was found that should not be there; or not found where it must be, and then the search is none. */
  readonly found: readonly string[]
}

/** Searches the directories of all parties below `folder`. */
export function searchForSecrets(folder: string): Searched {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const holders = new Map<string, string[]>(SECRETS.map(([value]) => [value, []]))
  for (const path of files) {
    const bytes = readFileSync(path)
    for (const [value, names] of holders) if (bytes.includes(value)) names.push(relative(folder, path))
  }
  const found = SECRETS.flatMap(([value, owners]) => {
    const names = holders.get(value) ?? []
    const leaks = names.filter((name) => !owners.some((owner) => name.startsWith(`${owner}/`))).map((name) => `${name} holds ${value}`)
    return owners.length > 0 && names.length === 0 ? [`not even ${owners.join(', ')} holds ${value}`] : leaks
  })
  return { files: files.length, found }
}
