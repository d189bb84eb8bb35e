/**
 * The policies in force, swapped as one when they change. The pipeline asks for a decision; nobody else does. Policies
 * and detectors come in pairs: a report is judged by the policies that were loaded with the detectors that made it.
 */
import type { Decision } from '../core/decision.ts'
import type { Envelope } from '../core/envelope.ts'
import type { Revisions, ScanReport } from '../core/report.ts'
import type { Judge } from '../pipeline/dependencies.ts'
import type { Directory } from '../policy/directory.ts'
import { evaluate } from '../policy/evaluate.ts'
import type { PolicySet } from '../policy/policy-set.ts'

type DetectorRevisions = Pick<Revisions, 'rules' | 'catalog'>

interface Pair {
  readonly policies: PolicySet
  readonly detectors: DetectorRevisions
}

export class PolicyJudge implements Judge {
  readonly #directory: Directory
  #now: Pair
  #before: Pair | null = null

  constructor(policies: PolicySet, detectors: DetectorRevisions, directory: Directory) {
    this.#now = { policies, detectors }
    this.#directory = directory
  }

  get revision(): string {
    return this.#now.policies.revision
  }

  replace(policies: PolicySet, detectors: DetectorRevisions): void {
    this.#before = this.#now
    this.#now = { policies, detectors }
  }

  decide(envelope: Envelope, report: ScanReport, now: number): Decision {
    const made = report.revisions
    const fits = ({ detectors }: Pair) => detectors.rules === made.rules && detectors.catalog === made.catalog
    const pair = !fits(this.#now) && this.#before && fits(this.#before) ? this.#before : this.#now
    return evaluate(pair.policies, { envelope, report, directory: this.#directory, now })
  }
}
