/**
 * Phrases by which companies mark documents, in English, German, French, Spanish, Italian, Portuguese, Dutch, Polish,
 * Swedish, Danish, Norwegian, Finnish, Czech, Turkish, Russian, Japanese, Chinese and Korean. `capitals` are ordinary words too.
 */
export interface CompanyMarking {
  /** What a label map asks for, whatever the language. */
  readonly id: string
  readonly phrases: ReadonlySet<string>
  readonly capitals: ReadonlySet<string>
}

function marking(id: string, phrases: string, capitals: string): CompanyMarking {
  const list = (text: string) =>
    new Set(
      text.split('|').flatMap((line) =>
        line
          .trim()
          .split(/\s*;\s*/)
          .filter(Boolean),
      ),
    )
  return { id, phrases: list(phrases), capitals: list(capitals) }
}

export const COMPANY_MARKINGS: readonly CompanyMarking[] = [
  marking(
    'strictly-confidential',
    `strictly confidential; highly confidential; most confidential; strictly private and confidential; strictly private & confidential;
     strictly private; board confidential; top confidential|
     streng vertraulich; persönlich und vertraulich; persönlich/vertraulich|
     strictement confidentiel; très confidentiel|
     estrictamente confidencial; altamente confidencial; muy confidencial|
     strettamente confidenziale; strettamente riservato|
     estritamente confidencial|
     strikt vertrouwelijk; zeer vertrouwelijk|
     ściśle poufne; ściśle tajne|
     strängt konfidentiellt; strengt fortroligt; strengt fortrolig; strengt konfidensielt|
     přísně důvěrné; çok gizli; строго конфиденциально; erittäin luottamuksellinen|
     極秘; 厳秘; 絶対秘密; 绝密; 絕密; 극비`,
    '',
  ),
  marking(
    'confidential',
    `confidential; company confidential; commercial in confidence; commercial-in-confidence; in confidence; business confidential;
     private and confidential; private & confidential; confidential and proprietary; confidential & proprietary;
     proprietary and confidential; proprietary & confidential; confidential information; confidential - do not distribute;
     confidential - not for distribution; confidential - internal use only; confidential - internal only;
     commercially sensitive; client confidential; customer confidential; attorney-client privileged;
     attorney client privileged; privileged and confidential; privileged & confidential|
     vertraulich; firmenvertraulich; betriebsgeheimnis; geschäftsgeheimnis|
     confidentiel; secret des affaires; confidentiel entreprise|
     confidencial; información confidencial; secreto empresarial|
     confidenziale; riservato e confidenziale; segreto aziendale|
     informação confidencial; segredo comercial|
     vertrouwelijk; bedrijfsvertrouwelijk; bedrijfsgeheim|
     poufne; tajemnica przedsiębiorstwa; tajemnica firmy|
     konfidentiellt; konfidentiell; konfidensielt; fortroligt; fortrolig; företagshemlighet; forretningshemmelighed|
     důvěrné; obchodní tajemství; gizlidir; ticari sır; luottamuksellinen; liikesalaisuus|
     конфиденциально; коммерческая тайна|
     社外秘; 機密; 機密情報; 機密文書; 部外秘; 関係者外秘; 営業秘密; 机密; 机密文件; 商业秘密; 商業機密; 대외비; 기밀; 영업비밀`,
    'proprietary; privileged; riservato; gizli',
  ),
  marking(
    'restricted',
    `restricted distribution; restricted circulation; limited distribution; need to know only; need-to-know only; eyes only|
     eingeschränkte verteilung; diffusion limitée; difusión limitada; difusión restringida; diffusione limitata;
     distribuição restrita; beperkte verspreiding; rajoitettu jakelu; diffusion restreinte|
     取扱注意; 限定公開`,
    'restricted; restringido; restrito; beperkt; zastrzeżone; begränsad',
  ),
  marking(
    'internal',
    `internal use only; for internal use only; for internal use; internal only; company internal; internal use;
     not for external distribution; not for public release; do not distribute externally; for company use only|
     nur für internen gebrauch; nur für den internen gebrauch; nur zum internen gebrauch; nur zur internen verwendung;
     nur intern; für den internen gebrauch; für den dienstgebrauch|
     usage interne; usage interne uniquement; à usage interne; pour usage interne; à usage interne uniquement|
     uso interno; para uso interno; solo uso interno; sólo para uso interno; uso exclusivamente interno|
     ad uso interno; per uso interno; solo per uso interno; ad esclusivo uso interno|
     para uso interno exclusivo; uso exclusivo interno|
     alleen voor intern gebruik; uitsluitend voor intern gebruik; voor intern gebruik; intern gebruik|
     do użytku wewnętrznego; tylko do użytku wewnętrznego; do użytku służbowego|
     endast för internt bruk; för internt bruk; kun til intern brug; til intern brug; kun for intern bruk|
     pouze pro interní potřebu; pro interní potřebu; yalnızca dahili kullanım; hizmete özel; şirkete özel|
     для внутреннего использования; для служебного пользования; vain sisäiseen käyttöön; sisäiseen käyttöön|
     社内限; 社内限り; 社内用; 内部资料; 内部资料 注意保密; 内部文件; 內部資料; 仅供内部使用; 僅供內部使用; 内部使用; 사내한정; 내부용`,
    'internal; intern; interne; interno; wewnętrzne; internt',
  ),
  marking(
    'secret',
    'trade secret; company secret; secret - do not distribute; совершенно секретно; erittäin salainen',
    'secret; секретно; salainen',
  ),
  marking(
    'public',
    `public information; approved for public release; cleared for public release; öffentliche information; information publique;
     información pública; informazione pubblica; informação pública; openbare informatie`,
    'public; öffentlich; público; pubblico; openbaar; publiczne; offentlig; 公開; 公开',
  ),
]
