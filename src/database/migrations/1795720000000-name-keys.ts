import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The beginning of a key, by which one that is found somewhere can be named. Of those that are there nobody knows it.
 */
export class NameKeys1795720000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('alter table api_keys add column beginning text');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('alter table api_keys drop column beginning');
  }
}
