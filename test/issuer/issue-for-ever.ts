/** A process that issues until it is killed, and writes the commitment of each credential that it would hand out. */

import { writeSync } from 'node:fs'
import { toField } from '../../src/field/field.ts'
import { openRegister } from '../../src/issuer/register.ts'
import { kyc, kycRecord } from '../document/specimens.ts'

const [, , path = '', organisation = ''] = process.argv
const register = openRegister(path, organisation)
register.addSchema(kycRecord)
for (;;) writeSync(1, `${register.issue({ document: kyc(), holderId: toField(7), expiresAt: 1_800_000_000 }, 1_740_000_000).credential.commitment}\n`)
