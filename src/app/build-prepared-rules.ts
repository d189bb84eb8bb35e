/** Entry that a build runs last: prepares the packaged rules. */
import { packagedRules } from './installation.ts'
import { readYamlFiles } from './policy-files.ts'
import { prepareRules } from './prepare-rules.ts'

await prepareRules(await readYamlFiles([packagedRules]))
