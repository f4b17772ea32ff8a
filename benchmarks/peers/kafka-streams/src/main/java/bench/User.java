package bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** A user's state, and the whole job for one event on it, as {@code benchmarks/workload.py} does it. */
final class User {
    private static final int REMEMBERED_IDS = 50;
    private static final int REMEMBERED_MINUTES = 60;
    private static final double EMA_WEIGHT = 0.15;
    private static final int EMIT_ABOVE = 12;

    public List<String> seen = new ArrayList<>();
    public LinkedHashMap<String, Integer> minutes = new LinkedHashMap<>();
    public int count;
    public double total;
    public double average;
    public Map<String, Integer> devices = new HashMap<>();

    /** Takes the event into the state; tells whether the event is to be emitted. */
    boolean step(Event event) {
        if (seen.contains(event.eventId())) {
            return false;
        }
        seen.add(event.eventId());
        if (seen.size() > REMEMBERED_IDS) {
            seen.remove(0);
        }
        minutes.merge(event.timestamp().substring(0, 16), 1, Integer::sum);
        if (minutes.size() > REMEMBERED_MINUTES) {
            minutes.remove(minutes.keySet().iterator().next());
        }
        double amount = Double.parseDouble(event.payload().amount());
        count++;
        total += amount;
        average += EMA_WEIGHT * (amount - average);
        devices.merge(event.payload().deviceId(), 1, Integer::sum);
        return count > EMIT_ABOVE;
    }

    /** Returns the JSON serializer and deserializer of a store. */
    static Serde<User> serde() {
        // Devices and minutes are field names here: kept as symbols, as Jackson does unless told, they cost much.
        JsonMapper mapper = JsonMapper.builder(JsonFactory.builder()
                        .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                        .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                        .build())
                .build();
        ObjectReader reader = mapper.readerFor(User.class);
        ObjectWriter writer = mapper.writerFor(User.class);
        return Serdes.serdeFrom(
                (topic, user) -> {
                    try {
                        return user == null ? null : writer.writeValueAsBytes(user);
                    } catch (JsonProcessingException e) {
                        throw new IllegalStateException(e);
                    }
                },
                (topic, bytes) -> {
                    try {
                        return bytes == null ? null : reader.readValue(bytes);
                    } catch (IOException e) {
                        throw new IllegalStateException(e);
                    }
                });
    }
}
