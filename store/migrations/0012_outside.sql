-- What two persons say of a refund that no provider tells of: one enters it with the evidence, another one agrees. All are null in rows of before.

-- outside, reached, or empty for what the provider tells of.
ALTER TABLE refund ADD COLUMN way TEXT;

-- The merchant's own account that paid, as the books name it.
ALTER TABLE refund ADD COLUMN bank TEXT;

ALTER TABLE refund ADD COLUMN evidence TEXT;

ALTER TABLE refund ADD COLUMN entered_by TEXT;

ALTER TABLE refund ADD COLUMN entered_name TEXT;

ALTER TABLE refund ADD COLUMN entered_at BIGINT;

ALTER TABLE refund ADD COLUMN second_by TEXT;

ALTER TABLE refund ADD COLUMN second_name TEXT;

ALTER TABLE refund ADD COLUMN saw TEXT;

ALTER TABLE refund ADD COLUMN decided_at BIGINT;

-- Those that wait for the second person are few.
CREATE INDEX refund_second ON refund (merchant_id, id) WHERE way <> '' AND decided_at = 0;
