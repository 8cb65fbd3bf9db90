/**
 * So many digits in a name are taken for a phone number: the shortest subscriber numbers have seven with their area
 * code.
 */
const DIGITS_OF_A_NUMBER = 7;

/**
 * What the column is called in English, German, French, Spanish and Portuguese, in letters only and without accents.
 */
const USUAL_NAMES = [
  'phone|telephone|tel|mobile|mobilephone|telmobile|cell|cellphone|cellular|msisdn',
  'telefon|rufnummer|handy|mobil|mobilfunk|mobiltelefon|telefonmobil|telmobil',
  'portable|telephoneportable|telephonemobile|telportable',
  'telefono|movil|celular|telefonomovil|telefonocelular|telmovil',
  'telefone|telemovel|telefonecelular|telefonemovel',
  'contact|contactphone|kontakt|contacto|contato',
].join('|');

/** With or without a word for “number”, which follows or, in the Romance languages, leads. */
const USUAL = new RegExp(`^(?:(?:n|num|numero)(?:de|du|do)?)?(?:${USUAL_NAMES})(?:number|num|no|nummer|nr)?$`);

/** A name as it is seen: a header cell may begin with a second byte order mark, or hold U+200B. */
const visible = (name: string): string => name.replace(/\p{Cf}/gu, '').trim();

/**
 * `Téléphone`, `phone_number`, `Phone No.`: `telephone`, `phonenumber`, `phoneno`. The sign in `Nº` is no letter here.
 * What separates cells stays: while it is not known what does, two of them may be looked at as one.
 */
const lettersOf = (name: string): string =>
  name
    .replace(/[º°]/g, '')
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N},;|\t\n]/gu, '')
    .toLowerCase();

/** Whether a header cell is `phone`, in any case: `Phone`, ` PHONE `. */
export const isPhone = (name: string): boolean => visible(name).toLowerCase() === 'phone';

/** Whether a name may be a phone number, which is not for showing. */
export const looksLikeNumber = (name: string): boolean => name.replace(/\P{Nd}/gu, '').length >= DIGITS_OF_A_NUMBER;

/**
 * Finds the phone column of a header row. `phone` goes before the other usual names, which are not looked for in a row
 * that looks like a contact: its value `mobile` says what kind of number it has.
 *
 * @param phoneColumn the name that the request gives; null: whatever is usual
 * @returns indexes of all that fit: the column is found when it is one
 */
export function phoneColumnsOf(names: readonly string[], phoneColumn: string | null): readonly number[] {
  const indexesOf = (fits: (name: string) => boolean): number[] =>
    names.flatMap((name, index) => (fits(name) ? [index] : []));
  if (phoneColumn !== null) {
    const exact = indexesOf((name) => visible(name) === visible(phoneColumn));
    const letters = lettersOf(phoneColumn);
    return exact.length > 0 || letters === '' ? exact : indexesOf((name) => lettersOf(name) === letters);
  }
  const phones = indexesOf(isPhone);
  return phones.length > 0 || names.some(looksLikeNumber) ? phones : indexesOf((name) => USUAL.test(lettersOf(name)));
}
