import { describe, expect, it } from '@jest/globals';
import { phoneColumnsOf } from './phone-column.js';

describe('phoneColumnsOf', () => {
  it.each([
    'phone', ' PHONE ', '\ufeffphone', 'ph\u200bone', '\u200ePhone\u200f', '\u00a0phone\u00a0',
    'Phone Number', 'phone_number', 'phoneNumber', 'PHONE-NUMBER', 'Phone No.', 'Phone #', 'phone*', 'Phone\u00a0Number',
    'mobile', 'Mobile Number', 'Mobile No', 'mobile_phone', 'telephone', 'Telephone number', 'tel', 'Tel.', 'Tel. No.', 'tel:',
    'cell', 'Cell Phone', 'cell number', 'Cellphone', 'contact', 'Contact Number', 'contact no.', 'Contact phone', 'MSISDN',
    'Telefon', 'Telefonnummer', 'Telefon-Nr.', 'Tel.-Nr.', 'Telefon (mobil)', 'Rufnummer', 'Handy', 'Handynummer', 'Handy-Nr.',
    'Mobil', 'Mobilnummer', 'Mobiltelefon', 'Mobilfunknummer', 'Kontakt',
    'Téléphone', 'TÉLÉPHONE', 'Te\u0301le\u0301phone', 'Numéro de téléphone', 'N° de téléphone', 'Tél.', 'Portable', 'Téléphone portable',
    'Tél. portable', 'Numéro de portable', 'Mobile',
    'Teléfono', 'Número de teléfono', 'Nº de teléfono', 'Teléfono móvil', 'Móvil', 'Celular', 'Número de celular', 'Contacto',
    'Telefone', 'Número de telefone', 'Nº do telefone', 'Telemóvel', 'Número de telemóvel', 'Número do celular', 'Contato',
  ])('takes %j', (name) => {
    expect(phoneColumnsOf(['id', name, 'city'], null)).toEqual([1]);
  }); // prettier-ignore

  it.each(['number', 'name', 'contacts', 'contact name', 'phone type', 'has phone', 'no mobile', 'mobile app', 'telegram', ''])(
    'does not take %j',
    (name) => {
      expect(phoneColumnsOf([name], null)).toEqual([]);
    },
  ); // prettier-ignore

  it('takes `phone` before any other usual name', () => {
    expect(phoneColumnsOf(['mobile', 'Phone', 'tel'], null)).toEqual([1]);
  });

  it('gives all that fit', () => {
    expect(phoneColumnsOf(['mobile', 'name', 'Telefon'], null)).toEqual([0, 2]);
    expect(phoneColumnsOf(['phone', 'PHONE'], null)).toEqual([0, 1]);
  });

  it('does not take a value of a contact for a name', () => {
    expect(phoneColumnsOf(['+12025550141', 'mobile'], null)).toEqual([]);
  });

  it.each([
    ['Number', [0]],
    [' Number\u200b', [0]],
    ['number', [0]],
    ['phone', [1]],
    ['work number', [2, 3]],
    ['Work-Number', [3]],
    ['city', []],
    ['#', []],
    ['', []],
  ])('finds what the request names: %j', (name, indexes) => {
    expect(phoneColumnsOf(['Number', 'phone', 'Work Number', 'Work-Number', '-'], name)).toEqual(indexes);
  });
});
